"""What belongs to this machine: the service manager, signals, stderr, the state folder, how the program is."""
