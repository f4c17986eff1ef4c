"""Every parameter, once: type, default, bounds, unit and why, a module a part of the night. headwater.config puts them together."""
