"""The only place that knows order and time: which phase follows which, and what a run did."""
