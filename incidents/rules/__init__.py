"""Pure decisions of ``incidents``: no database, no clock, no settings; everything they need is an argument."""
