/* The list: order at both ends, removal from anywhere, taking all. */
#include "base/list.h"

#include "tests/tap.h"

struct item {
    int number;
    struct list_node node;
};

static struct item items[4];

static int number_of(struct list_node *node)
{
    return node == NULL ? -1 : container_of(node, struct item, node)->number;
}

/* The numbers as decimal digits, read forwards; -1 when a link back does not match. */
static int digits(struct list_node *head)
{
    int result = 0;
    for (struct list_node *node = head->next; node != head; node = node->next) {
        if (node->next->previous != node || node->previous->next != node)
            return -1;
        result = result * 10 + number_of(node);
    }
    return head->next->previous == head && head->previous->next == head ? result : -1;
}

static void test_pushing(void)
{
    struct list_node head;
    list_init(&head);
    check(list_is_empty(&head), "a new list is empty");
    check(list_pop_front(&head) == NULL, "and has no first node");
    list_push_back(&head, &items[0].node);
    check(!list_is_empty(&head), "one node");
    list_push_back(&head, &items[1].node);
    list_push_front(&head, &items[2].node);
    list_push_front(&head, &items[3].node);
    check_equal(digits(&head), 4312, "pushed at both ends");
    check_equal(number_of(list_pop_front(&head)), 4, "the first one out");
    check_equal(digits(&head), 312, "the others stay");
    list_remove(&items[0].node);
    check_equal(digits(&head), 32, "removed from the middle");
    list_remove(&items[1].node);
    check_equal(digits(&head), 3, "removed at the end");
    list_push_back(&head, &items[0].node);
    check_equal(digits(&head), 31, "a removed node may be pushed again");
    check_equal(number_of(list_pop_front(&head)), 3, "first");
    check_equal(number_of(list_pop_front(&head)), 1, "last");
    check(list_is_empty(&head), "empty again");
}

static void test_taking_all(void)
{
    struct list_node from;
    struct list_node to;
    list_init(&from);
    list_take_all(&to, &from);
    check(list_is_empty(&to) && list_is_empty(&from), "nothing taken from an empty list");
    list_push_back(&from, &items[0].node);
    list_take_all(&to, &from);
    check(digits(&to) == 1 && list_is_empty(&from), "one taken");
    list_push_back(&to, &items[1].node);
    list_push_back(&to, &items[2].node);
    list_take_all(&from, &to);
    check_equal(digits(&from), 123, "three taken, in order");
    check(list_is_empty(&to) && digits(&to) == 0, "none left");
}

int main(void)
{
    for (int i = 0; i < 4; i++)
        items[i].number = i + 1;
    test_pushing();
    test_taking_all();
    return tap_done();
}
