"""A made-up city of any size: the dumps of its departments, and beside them the truth they were made from. See docs/reference/city.md."""
