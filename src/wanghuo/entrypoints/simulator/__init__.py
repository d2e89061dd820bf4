"""A region's devices over real sockets, speaking GB/T 26875.3 as the standard says: they are synthetic, the way in is not.

`world` says what devices there are, `life` what happens to each (seeded: the same seed, the same life), `device` speaks for one of them
over TCP with the standard's timers, `fleet` runs them together and counts.
"""
