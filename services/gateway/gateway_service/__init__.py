"""The single entry point for local use: what API Gateway does in AWS, by the same routes, and a storefront.

The operator puts the routes of every service on its Environment's HTTP API. Where that API is an emulator's nothing
listens behind it; this service reads it and answers in its place.

    routing     PURE: which route a request takes               table       the API as it was last read
    apis        reads the API, translates it to a table         tokens      who may pass: JWT, discovery, keys
    forwarding  sends a request on, and its answer back         browsers    CORS, as the API configures it
    entry       the steps of a request in their order           issuer      tokens for customers of the demo
    answers     what is said when nobody behind it answers      app         puts them together
    storefront  pages for a browser
"""
