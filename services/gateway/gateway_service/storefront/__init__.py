"""The storefront: pages for a browser. It calls the services through the same routes and tokens as any client.

    routes         pages under /shop                      shop_client    client of the services' API
    sign_in        signing up, in and out                 forms          parses the order form
    session        the signed-in customer: a cookie       model          the services' responses
    system_status  circuit breakers and queues            rendering      templates, and headers of every page
    samples        sample products for an empty shop      dependencies   FastAPI dependencies of the pages
    basket         the chosen quantities: a cookie        error_pages    errors as pages instead of JSON
    app            assembles the storefront

It has no build step and works without JavaScript. With JavaScript, changes appear without a reload.
"""
