"""What the commands of this folder share; nothing here is run by itself, except ``systems/worker.py`` by a command."""
