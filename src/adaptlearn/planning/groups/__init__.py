"""Small groups: who sits with which teacher, coach or station, on which skill, in which slot."""
