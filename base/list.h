/*
 * The one intrusive list: circular, doubly linked, with a head. A node lies in the structure that
 * it links; container_of leads back. Nothing is allocated, nothing is atomic: whoever owns the head
 * guards it.
 *
 * Invariant: node->next->previous == node and node->previous->next == node, for every node in a
 * list and for the head.
 */
#ifndef KEEL_BASE_LIST_H
#define KEEL_BASE_LIST_H

#include "base/base.h"

struct list_node {
    struct list_node *next;
    struct list_node *previous;
};

static inline void list_init(struct list_node *head)
{
    head->next = head;
    head->previous = head;
}

static inline bool list_is_empty(const struct list_node *head)
{
    return head->next == head;
}

static inline void list_push_back(struct list_node *head, struct list_node *node)
{
    node->next = head;
    node->previous = head->previous;
    head->previous->next = node;
    head->previous = node;
}

static inline void list_push_front(struct list_node *head, struct list_node *node)
{
    list_push_back(head->next, node);
}

static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
}

/* Takes the first node out; NULL when the list is empty. */
static inline struct list_node *list_pop_front(struct list_node *head)
{
    struct list_node *node = head->next;
    if (node == head)
        return NULL;
    list_remove(node);
    return node;
}

/* Moves all nodes of `from`, in order, to the empty list `to`. */
static inline void list_take_all(struct list_node *to, struct list_node *from)
{
    list_init(to);
    if (list_is_empty(from))
        return;
    *to = *from;
    to->next->previous = to;
    to->previous->next = to;
    list_init(from);
}

#endif
