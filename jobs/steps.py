"""The steps of a dataset's run, in order, and of a product's; each is the verb of a module of that name. Imports nothing: Airflow reads it each time it parses a DAG."""

STEPS = ("register", "land", "check", "conform")
FETCH = "extract"  # goes before them where a contract names a database
CURATE = "curate"  # the one step of a product
