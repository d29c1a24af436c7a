"""Requests to servers of others: webhooks, and the guard that keeps them from addresses that are not public."""

from amss_adapters.http.address_guard import AddressGuard, ForbiddenAddress
from amss_adapters.http.sender import AiohttpWebhookSender

__all__ = ["AddressGuard", "AiohttpWebhookSender", "ForbiddenAddress"]
