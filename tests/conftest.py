"""Profiles of hypothesis: `--hypothesis-profile=deep` for the long run, `brief` for slow builds."""

from hypothesis import settings

settings.register_profile("ci", deadline=None, print_blob=True, max_examples=100)
settings.register_profile("brief", deadline=None, print_blob=True, max_examples=25)
settings.register_profile("deep", deadline=None, print_blob=True, max_examples=5000)
settings.load_profile("ci")
