"""How a part of the store is made of the methods of some rows of the catalogue."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Generic, ParamSpec, TypeVar

from appliance.store.access import Access
from appliance.store.catalogue import Catalogue

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Room(Generic[R]):
    """One part of the store, made of the methods of some rows of the catalogue, which run on the store thread.

    Any of them may be called from any thread and returns when it is done; what it wrote is on the disk by then. Each
    may raise StorageError: the disk is full, read-only or broken, or the store is not open.
    """

    def __init__(self, access: Access, rows: Callable[[Catalogue], R]) -> None:
        self.access = access
        self.rows = rows


def read(method: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[Room[R], P], T]:
    """A method of the rows as one of their room."""

    @wraps(method)
    def ask(room: Room[R], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return room.access.use(lambda catalogue: method(room.rows(catalogue), *args, **kwargs))

    return ask


def change(method: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[Room[R], P], T]:
    """As `read`, in one transaction; then QueueChanged and InboxChanged are posted, where that is true."""

    @wraps(method)
    def ask(room: Room[R], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return room.access.change(lambda catalogue: method(room.rows(catalogue), *args, **kwargs))

    return ask
