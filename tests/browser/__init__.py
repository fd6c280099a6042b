"""The storefront in a headless browser. The whole shop runs as processes until the end of this package."""
