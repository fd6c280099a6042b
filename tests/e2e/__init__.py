"""End-to-end tests on a real node: the operator as a pod, strict AWS, PostgreSQL and the shop.

    conftest      one stage for the whole run, and one namespace for each test that changes much
    stage         starts what `make demo` starts, with the same functions
    place         one namespace: declare Microservices there, read, change, wait
    waiting       waits for a state, never for seconds; on failure it prints the diagnosis
    diagnosis     conditions, events and logs of a namespace
    tiny          a minimal Microservice
    second_image  the same program as an image with another tag and id
    traffic       customers that send requests without pause
    shop_copy     a second copy of the shop, in a separate Environment
    stores        reads AWS and PostgreSQL directly, without the operator
    audit         the operator's requests, from the API server's audit log

`MICROSERVICE_OPERATOR_TEST_NODE=name` keeps the node between runs.
"""
