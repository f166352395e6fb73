"""One module a department (or a few small ones): its datasets, declared."""
