"""Webhooks: who is told of which events, every delivery, and what becomes of it."""
