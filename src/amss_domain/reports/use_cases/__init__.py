"""Asking for reports."""
