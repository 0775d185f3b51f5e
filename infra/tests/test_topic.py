"""How customers are notified: the topic, and the queue that subscribes to it."""

import unittest

from transformed import stack

KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
NOTICES = ["CustomerNotices", "CustomerNoticesPolicy", "CustomerNoticesSubscription"]


class Fifo(unittest.TestCase):
    def test_the_topic_and_its_queue_deduplicate(self) -> None:
        resources = stack()
        topic = resources["Customers"]["Properties"]
        queue = resources["CustomerNotices"]["Properties"]
        self.assertEqual((topic["FifoTopic"], queue["FifoQueue"]), (True, True))
        for name in [topic["TopicName"], queue["QueueName"]]:
            self.assertTrue(name.endswith(".fifo"), name)
            self.assertLessEqual(len(name), 80)
        subscription = resources["CustomerNoticesSubscription"]["Properties"]
        self.assertEqual((subscription["Protocol"], subscription["RawMessageDelivery"]), ("sqs", True))

    def test_only_this_topic_writes_to_the_queue_and_only_over_tls(self) -> None:
        policy = stack()["CustomerNoticesPolicy"]["Properties"]["PolicyDocument"]
        allow, deny = policy["Statement"]
        self.assertEqual(allow["Principal"], {"Service": "sns.amazonaws.com"})
        self.assertEqual(list(allow["Condition"]["ArnEquals"]), ["aws:SourceArn"])
        self.assertEqual((deny["Effect"], deny["Condition"]), ("Deny", {"Bool": {"aws:SecureTransport": "false"}}))

    def test_the_queue_is_encrypted_either_way(self) -> None:
        for parameters, setting in [({}, "SqsManagedSseEnabled"), ({"KmsKeyArn": KEY}, "KmsMasterKeyId")]:
            self.assertIn(setting, stack(parameters)["CustomerNotices"]["Properties"])


class Standard(unittest.TestCase):
    def test_a_standard_topic_has_no_queue(self) -> None:
        resources = stack({"NotificationTopic": "STANDARD"})
        topic = resources["Customers"]["Properties"]
        self.assertNotIn("FifoTopic", topic)
        self.assertFalse(topic["TopicName"].endswith(".fifo"))
        self.assertEqual([name for name in NOTICES if name in resources], [])


if __name__ == "__main__":
    unittest.main()
