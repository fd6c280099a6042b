"""End to end, on a real node: the operator as a pod with its own rights, strict AWS, PostgreSQL and the shop.

    conftest      one stage for the whole run, and a namespace of its own for each test that changes much
    stage         brings up what `make demo` brings up, with the same building blocks
    place         one namespace: declare Microservices there, read, change, wait
    waiting       wait for a state of the world, never for seconds; a failure tells what the cluster says
    diagnosis     what that is
    tiny          a Microservice that costs next to nothing
    second_image  the same program as an image with another name and another identity
    traffic       customers who do not stop while something is changed
    shop_copy     the whole shop once more, in an Environment of a test's own
    stores        what really is in AWS and PostgreSQL, without asking the operator
    audit         what the API server wrote down of the operator's requests

`MICROSERVICE_OPERATOR_TEST_NODE=name` keeps the node from run to run, for those who run these tests often.
"""
