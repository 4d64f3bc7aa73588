"""The cloud below an upgrade: what is there, what should be, and how it gets made and unmade."""
