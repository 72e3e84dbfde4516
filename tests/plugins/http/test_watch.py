"""Who ends a transfer in its middle, whatever its connections are doing."""

import socket

import pytest
from appliance_http.watch import Watch

from appliance.plugin import Cancelled


def test_a_connection_that_is_gone_keeps_no_other_alive() -> None:
    """As after a redirect, where the first server has hung up."""
    over = False

    def stop() -> None:
        if over:
            raise Cancelled("taken back")

    ours, theirs = socket.socketpair()
    with ours, theirs, socket.socket() as gone, Watch(stop, 60) as watch:
        watch.attach(gone)
        watch.attach(ours)
        over = True
        ours.settimeout(20)
        assert ours.recv(1) == b""
        with pytest.raises(Cancelled):
            watch.check()
