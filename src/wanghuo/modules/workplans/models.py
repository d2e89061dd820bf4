"""Tables of workplans."""
