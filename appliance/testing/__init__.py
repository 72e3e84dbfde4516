"""Public helpers for tests of the appliance and of its plugins; `appliance run --simulate` runs on the same fakes."""
