"""Keys of the platform: where they lie and how they are made. The only part of the kernel that handles raw keys."""
