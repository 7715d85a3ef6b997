/*
 * keel_should_yield: sched/monitor.c. Its step numbers are used here.
 *
 * Each process `worker` is one worker's thread: it asks, and comes to sched_hook_yield_asked when the answer
 * is yes, so often at most. One of them, whoever is first, makes the first task. The thread that answers
 * tells whoever it likes when it likes, which is left out: a yes more is never wrong. It leaves when it likes.
 * The kernel, REFUSALS times, makes no thread; with STAYS it may refuse to end one.
 *
 * The store buffers. A store reaches the others late, and in any order with those to other places; a fence,
 * a locked instruction and a system call that matters here empty the caller's buffer.
 *
 * What must hold when nothing moves any more (process `judge`): whose answer is no has somebody who will
 * tell it, or no task was ever made. And the stack of the thread is used by one thread at a time.
 *
 * run: WORKERS=2 ASKS=3 REFUSALS=1
 * run: WORKERS=3 ASKS=1 REFUSALS=1
 * run: WORKERS=2 ASKS=2 REFUSALS=1 STAYS
 * mutant: WORKERS=2 ASKS=1 REFUSALS=0 NO_FENCE_2 -- who asks looks for the thread before its store is seen
 * mutant: WORKERS=2 ASKS=1 REFUSALS=0 NO_FENCE_B -- who ends a time clears the words before it is seen
 * mutant: WORKERS=2 ASKS=1 REFUSALS=0 CLEAR_FIRST -- who ends a time clears the words, and then says so
 * mutant: WORKERS=2 ASKS=1 REFUSALS=0 FIRST_IN_SILENCE -- who makes the first task clears nothing
 * mutant: WORKERS=2 ASKS=1 REFUSALS=0 LEAVE_IN_SILENCE -- the thread that leaves clears nothing
 * mutant: WORKERS=2 ASKS=1 REFUSALS=1 REFUSED_IN_SILENCE -- who cannot make the thread clears its own word alone
 * mutant: WORKERS=2 ASKS=1 REFUSALS=0 LEAVING_IS_THERE -- a thread that leaves is relied on
 * mutant: WORKERS=2 ASKS=2 REFUSALS=0 CLEARS_ITSELF -- the thread says that it is gone before it is
 */
#define ABSENT  0
#define PRESENT 1
#define LEAVING 2
#define NOTHING 3 /* in a buffer */

#define MONITOR WORKERS /* its place among those who store */

byte presence;
bool tasks_exist;
bool go_on[WORKERS];
bool on_stack; /* a thread uses the monitor's stack */
bool watches;  /* it will look again */
byte refused;

/* What each has stored and nobody else has seen yet. */
byte late_presence[WORKERS + 1] = NOTHING;
bool late_tasks_exist[WORKERS + 1];
typedef row {
    byte go_on[WORKERS] = NOTHING
};
row late[WORKERS + 1];

inline arrive_presence(who)
{
    presence = late_presence[who];
    late_presence[who] = NOTHING
}

inline arrive_go_on(who, whose)
{
    go_on[whose] = late[who].go_on[whose];
    late[who].go_on[whose] = NOTHING
}

inline flush(who)
{
    if
    :: late_presence[who] != NOTHING -> arrive_presence(who)
    :: else
    fi;
    if
    :: late_tasks_exist[who] -> tasks_exist = true; late_tasks_exist[who] = false
    :: else
    fi;
    each = 0;
    do
    :: each < WORKERS && late[who].go_on[each] != NOTHING -> arrive_go_on(who, each); each++
    :: each < WORKERS && late[who].go_on[each] == NOTHING -> each++
    :: else -> break
    od;
    each = 0
}

inline fence(who)
{
    atomic { flush(who) }
}

/* The buffers, by themselves. */
proctype memory()
{
    byte who, each;
end:
    do
    :: atomic { late_presence[0] != NOTHING -> arrive_presence(0) }
    :: atomic { late_presence[1] != NOTHING -> arrive_presence(1) }
    :: atomic { late_presence[MONITOR] != NOTHING -> arrive_presence(MONITOR) }
    :: atomic { late_tasks_exist[0] -> tasks_exist = true; late_tasks_exist[0] = false }
    :: atomic { late_tasks_exist[1] -> tasks_exist = true; late_tasks_exist[1] = false }
    :: atomic { late[0].go_on[0] != NOTHING -> arrive_go_on(0, 0) }
    :: atomic { late[0].go_on[1] != NOTHING -> arrive_go_on(0, 1) }
    :: atomic { late[1].go_on[0] != NOTHING -> arrive_go_on(1, 0) }
    :: atomic { late[1].go_on[1] != NOTHING -> arrive_go_on(1, 1) }
    :: atomic { late[MONITOR].go_on[0] != NOTHING -> arrive_go_on(MONITOR, 0) }
    :: atomic { late[MONITOR].go_on[1] != NOTHING -> arrive_go_on(MONITOR, 1) }
#if WORKERS > 2
    :: atomic { late_presence[2] != NOTHING -> arrive_presence(2) }
    :: atomic { late_tasks_exist[2] -> tasks_exist = true; late_tasks_exist[2] = false }
    :: atomic { late[0].go_on[2] != NOTHING -> arrive_go_on(0, 2) }
    :: atomic { late[1].go_on[2] != NOTHING -> arrive_go_on(1, 2) }
    :: atomic { late[2].go_on[0] != NOTHING -> arrive_go_on(2, 0) }
    :: atomic { late[2].go_on[1] != NOTHING -> arrive_go_on(2, 1) }
    :: atomic { late[2].go_on[2] != NOTHING -> arrive_go_on(2, 2) }
    :: atomic { late[MONITOR].go_on[2] != NOTHING -> arrive_go_on(MONITOR, 2) }
#endif
    od
}

/* Step c: tell_all. A buffer's store that another to the same place follows is never seen. */
inline tell_all(who)
{
    each = 0;
    do
    :: each < WORKERS -> late[who].go_on[each] = false; each++
    :: else -> break
    od;
    each = 0
}

/* Step b. */
#ifdef NO_FENCE_B
#define FENCE_B(who) skip
#else
#define FENCE_B(who) fence(who)
#endif

/* ---- the thread */

proctype monitor()
{
    byte each;
end:
    do
    :: watches ->
        watches = false;
#ifdef CLEAR_FIRST
        tell_all(MONITOR);
        fence(MONITOR);
        late_presence[MONITOR] = LEAVING;
#else
        late_presence[MONITOR] = LEAVING; /* a */
        FENCE_B(MONITOR);
#ifndef LEAVE_IN_SILENCE
        tell_all(MONITOR);
#endif
#endif
#ifdef CLEARS_ITSELF
        late_presence[MONITOR] = ABSENT;
        fence(MONITOR);
        on_stack = false
#else
        if
        :: atomic { flush(MONITOR); on_stack = false }; /* the thread ends, then the kernel clears its word */
           presence = ABSENT
#ifdef STAYS
        :: late_presence[MONITOR] = PRESENT; watches = true
#endif
        fi
#endif
    od
}

/* ---- who asks */

/* sched_hook_first_task */
inline make_first_task(who)
{
#ifdef FIRST_IN_SILENCE
    late_tasks_exist[who] = true;
    fence(who)
#else
    late_tasks_exist[who] = true; /* a */
    FENCE_B(who);
    tell_all(who)
#endif
}

/* be_monitored, with the compare-and-swap */
inline be_monitored(who)
{
    atomic {
        flush(who);
        seen = presence;
        if
        :: seen == ABSENT -> presence = PRESENT
        :: else
        fi
    }
    if
    :: seen != ABSENT -> there = seen == PRESENT
    :: seen == ABSENT ->
        if
        :: atomic { assert(!on_stack); on_stack = true; watches = true; there = true }
        :: atomic { refused < REFUSALS -> refused++; there = false };
#ifdef REFUSED_IN_SILENCE
           late_presence[who] = ABSENT
#else
           late_presence[who] = ABSENT; /* a */
           FENCE_B(who);
           tell_all(who)
#endif
        fi
    fi
}

/* sched_hook_yield_asked */
inline ask(who)
{
    late[who].go_on[who] = true; /* 1 */
#ifndef NO_FENCE_2
    fence(who); /* 2 */
#endif
    if /* 3 */
    :: !tasks_exist && !late_tasks_exist[who]
    :: else ->
        seen = presence;
#ifdef LEAVING_IS_THERE
        there = seen != ABSENT;
#else
        there = seen == PRESENT;
#endif
        if
        :: !there -> be_monitored(who)
        :: else
        fi;
        if
        :: !there -> late[who].go_on[who] = false
        :: else
        fi
    fi
}

bool first_task_is_made;

proctype worker(byte me)
{
    byte asks, each, seen;
    bool there, no;
    do
    :: asks < ASKS ->
        atomic { no = late[me].go_on[me] == true || (late[me].go_on[me] == NOTHING && go_on[me]) }
        if
        :: no -> break /* it computes on, until it is told */
        :: else -> asks++; ask(me)
        fi
    :: atomic { !first_task_is_made -> first_task_is_made = true };
       make_first_task(me)
    :: break
    od
}

/* When nothing moves any more; a thread that stays is one that watches. */
active proctype judge()
{
    byte each;
    atomic {
        run memory();
        run monitor();
        do
        :: each < WORKERS -> run worker(each); each++
        :: else -> break
        od;
        each = 0
    }
    timeout;
    do
    :: each < WORKERS -> assert(!go_on[each] || watches || !tasks_exist); each++
    :: else -> break
    od
}
