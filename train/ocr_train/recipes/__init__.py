"""Recipes that come with the package: ``compact`` made the bundle that ships."""
