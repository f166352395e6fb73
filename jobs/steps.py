"""The steps of a dataset's run, in order, and of a product's; each is the verb of a module of that name. Imports nothing: Airflow reads it each time it parses a DAG."""

STEPS = ("register", "land", "check", "conform")
FETCH = "extract"  # goes before them where a contract names a database
CURATE = "curate"  # the one step of a product
PUBLISH = "publish"  # the one step of a publication
RESOLVE = "resolve"  # finds the records of one person across registers
SHARE = "share"  # the one step of a share
DELIVERED = "lake://ops/deliveries"  # Airflow's asset: a run of the batch is done, or a dataset's own run has changed its silver
