/*
 * The end of a task against who waits for it or lets it go: `join` in sched/sched.h, finish in
 * sched/run.c, sched/await.c.
 *
 * One task ends; its creator awaits it, or detaches it, before, meanwhile or after. The steps are the
 * atomic operations of the C; `on_stack` is true while the awaiting task has not been left yet, when
 * nobody may make it run.
 *
 * What must hold
 *   the descriptor is recycled exactly once, and not touched afterwards;
 *   an awaiter is woken exactly once, when its stack has been left, and finds the result;
 *   nothing waits for ever (an invalid end state).
 *
 * run: AWAIT
 * run: DETACH
 * run: EITHER
 * mutant: AWAIT EARLY_WAITER -- the waiter is published before its stack is left
 * mutant: AWAIT LOOK_THEN_STORE -- finish looks at `join` and then stores, in two steps
 * mutant: AWAIT NO_SELF_WAKE -- a waiter that comes too late does not wake itself
 * mutant: AWAIT LATE_RESULT -- the result is stored after the end is told
 * mutant: DETACH DETACH_BY_STORE -- detach stores without looking whether the task has ended
 * mutant: DETACH BOTH_RECYCLE -- the end recycles whatever it finds
 */
mtype = { none, done, detached, waiter };

mtype join = none;
byte recycled;
bool on_stack = true; /* of the awaiting task */
byte woken;
bool result_is_there;

/* Every access to the descriptor. */
#define TOUCH assert(recycled == 0)

inline recycle()
{
    atomic { TOUCH; recycled++ }
}

inline ready_the_waiter()
{
    atomic { assert(!on_stack && woken == 0); woken++ }
}

/* run.c: finish */
proctype ender()
{
    mtype before;
#ifndef LATE_RESULT
    atomic { TOUCH; result_is_there = true }
#endif
#ifdef LOOK_THEN_STORE
    atomic { TOUCH; before = join }
    atomic { TOUCH; join = done }
#else
    atomic { TOUCH; before = join; join = done }
#endif
#ifdef LATE_RESULT
    atomic { TOUCH; result_is_there = true }
#endif
    if
#ifdef BOTH_RECYCLE
    :: before != waiter -> recycle()
#else
    :: before == detached -> recycle()
    :: before == none
#endif
    :: before == waiter -> ready_the_waiter()
    fi
}

/* await.c: keel_task_await, and step_await, which runs after the switch */
proctype awaiter()
{
    bool published;
    if
    :: atomic { join == done -> TOUCH; goto take }
    :: atomic { join != done -> TOUCH }
    fi;
#ifndef EARLY_WAITER
switch: on_stack = false;
#endif
step_await:
    atomic {
        TOUCH;
        if
        :: join == none -> join = waiter; published = true
        :: else -> published = false
        fi
    }
#ifdef EARLY_WAITER
switch: on_stack = false;
#endif
#ifndef NO_SELF_WAKE
    if
    :: !published -> ready_the_waiter()
    :: else
    fi;
#endif
parked:
    woken == 1;
    on_stack = true;
take:
    atomic { TOUCH; assert(result_is_there) }
    recycle()
}

/* await.c: keel_task_detach */
proctype detacher()
{
    bool ended;
    atomic {
        TOUCH;
#ifdef DETACH_BY_STORE
        join = detached
#else
        if
        :: join == none -> join = detached
        :: else -> ended = true
        fi
#endif
    }
    if
    :: ended -> recycle()
    :: else
    fi
}

init
{
    pid before_them = _nr_pr;
    atomic {
        run ender();
        if
#ifndef DETACH
        :: run awaiter()
#endif
#ifndef AWAIT
        :: run detacher()
#endif
        fi
    }
    _nr_pr == before_them;
    assert(recycled == 1)
}
