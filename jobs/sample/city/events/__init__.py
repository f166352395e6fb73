"""What happens in the sample city and what its departments write down of it: every dump a pure function of (scene, file), every cause kept as truth."""
