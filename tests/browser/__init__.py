"""The storefront in a headless browser, before the whole shop as processes, which end with this package."""
