"""Several nodes that are one network: the link between them, who answers for what, and what happens while they cannot
hear each other. A node without peers pays for none of it. See ``docs/two-centres.md``."""
