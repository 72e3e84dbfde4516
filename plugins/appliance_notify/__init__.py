"""Services that tell a person's phone: `ntfy`, `telegram`, `email`, `webhook`, and all others through `apprise`."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from appliance.plugin import House, Service, ServiceType, hookimpl

if TYPE_CHECKING:
    from appliance_notify.options import (
        AppriseOptions,
        EmailOptions,
        NtfyOptions,
        TelegramOptions,
        WebhookOptions,
    )


def _options(name: str) -> Callable[[], type]:
    def load() -> type:
        from appliance_notify import options

        found: type = getattr(options, name)
        return found

    return load


def _ntfy(options: "NtfyOptions", house: House) -> Service:
    from appliance_notify.ntfy import Ntfy
    from appliance_notify.service import Teller

    return Teller(options.tell, house, Ntfy(options, house))


def _telegram(options: "TelegramOptions", house: House) -> Service:
    from appliance_notify.service import Teller
    from appliance_notify.telegram import Telegram

    return Teller(options.tell, house, Telegram(options, house))


def _email(options: "EmailOptions", house: House) -> Service:
    from appliance_notify.mail import Mail
    from appliance_notify.service import Teller

    return Teller(options.tell, house, Mail(options, house))


def _webhook(options: "WebhookOptions", house: House) -> Service:
    from appliance_notify.service import Teller
    from appliance_notify.webhook import Webhook

    return Teller(options.tell, house, Webhook(options, house))


def _apprise(options: "AppriseOptions", house: House) -> Service:
    from appliance_notify.beyond import Beyond
    from appliance_notify.service import Teller

    return Teller(options.tell, house, Beyond(options, house))


@hookimpl
def appliance_services() -> Sequence[ServiceType]:
    return [
        ServiceType("ntfy", _options("NtfyOptions"), _ntfy),
        ServiceType("telegram", _options("TelegramOptions"), _telegram),
        ServiceType("email", _options("EmailOptions"), _email),
        ServiceType("webhook", _options("WebhookOptions"), _webhook),
        ServiceType("apprise", _options("AppriseOptions"), _apprise, extra="apprise"),
    ]
