"""The demo city: places, people and their behaviour as data, and a month of it simulated.

Everything here is an assumption made for the demonstration and says so; nothing is a second
procedure. Who has to do what next comes from the open tasks, what they may answer from the forms.
"""
