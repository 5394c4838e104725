"""Real nodes, real traffic, real faults: what two centres promise each other must hold on every bad day."""
