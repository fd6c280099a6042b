"""The entry point for local use: it does what API Gateway does in AWS, with the same routes, and adds a storefront.

The operator creates the routes of every service in the HTTP API of its Environment. The AWS emulator stores that API
but serves no requests. This service reads the API and serves the requests.

    routing        PURE: selects the route of a request     route_table    the API as a table of routes
    route_refresh  reads the API periodically               jwt_authorizer checks tokens
    cors           CORS, as the API configures it           messages       requests, responses, gateway errors
    forwarding     sends a request to its service           proxy_route    the HTTP side
    pipeline       the steps of a request, in sequence      header_mapping headers, as the integration changes them
    local_issuer   tokens for customers of the demo         local_routes   its HTTP side
    storefront     pages for a browser                      app            assembles the gateway
"""
