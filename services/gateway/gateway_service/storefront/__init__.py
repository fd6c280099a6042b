"""A shop for a browser: rendered here, of what the services answer through the same routes and tokens as anybody's.

    pages     what is under /shop                    shop     the services' API, as a customer's client sees it
    doorway   signing up, in and out                 forms    what a form says
    session   who is signed in: a token in a cookie  model    what it answers, as far as a page shows it
    machinery what breakers and queues are doing     rendering  templates, and headers of every page
    samples   something to buy in an empty shop      wiring   puts them together

It has no build step, and works without JavaScript; with it, what changes by itself is shown without a reload.
"""

from gateway_service.storefront.wiring import Storefront, storefront

__all__ = ["Storefront", "storefront"]
