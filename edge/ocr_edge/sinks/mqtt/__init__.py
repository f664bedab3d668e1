"""Readings to an MQTT broker, and the words of Home Assistant."""
