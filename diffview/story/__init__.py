"""The lecture: chapters as data, what each beat leaves on the stage, its equations, and lectures that travel."""
