"""The migrations of the app `questions`, in their order; each brings the tables of an earlier release up to date."""
