"""The emulator restarts with an empty AWS: stateless resources return; tables and databases need a person's consent."""

from datetime import UTC, datetime

from tests.tools.demo import rendering
from tests.tools.demo.losses import ANNOTATION, end_consent, start_anew
from tests.tools.demo.shop import QUANTITY, STOCK, buy
from tests.tools.demo.standing import SERVICES, standing

from .place import Place
from .stage import SHOP, SUPPORT, Stage, shop_service
from .stores import aws, tables


def test_a_shop_that_lost_everything_in_aws_sells_again(stage: Stage, shop: Place) -> None:
    support = Place(stage.kubectl, SUPPORT)
    support.kubectl("delete", "pod", "--selector=app.kubernetes.io/name=aws", support.where, "--timeout=60s")
    support.kubectl("rollout", "status", "deployment/aws", support.where, "--timeout=120s")
    asked = [shop_service(stage, name) for name in SERVICES]
    shop.kubectl.apply(rendering.asking(asked, datetime.now(UTC).isoformat()))
    said: list[str] = []

    def up() -> bool:
        said.extend(start_anew(stage.kubectl))
        return all(row.up for row in standing(stage.kubectl))

    shop.eventually("all parts of the shop are ready again", up)
    assert sorted(said) == ["table products of product", "table reservations of product"]
    end_consent(stage.kubectl)
    consents = [item["metadata"].get("annotations", {}).get(ANNOTATION) for item in shop.listed("microservices")]
    assert consents == [None] * len(consents)
    assert len(tables(stage, SHOP, "product")) == 2
    resources = shop.read("microservice", "order")["status"]["resources"]
    ids = {part["kind"]: part.get("id", "") for part in resources}
    assert aws(stage, "sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert aws(stage, "iam").get_role(RoleName=ids["Role"].rpartition("/")[2])["Role"]["Arn"] == ids["Role"]
    sale = buy(stage.urls)
    assert sale.left == STOCK - QUANTITY
