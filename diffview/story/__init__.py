"""The lecture: chapters as data, what each beat leaves on the stage, and lectures that travel."""
