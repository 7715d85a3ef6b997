/*
 * Waits that a deadline may end: sched/claim.h, the arming and cancelling of sched/timer.c, chan/until.c,
 * sched/await_until.c. A waker, the deadline and a close (or the end of the awaited task) race for the
 * wait; who has lost nothing but time takes itself off the channel's list.
 *
 * Each task that waits has three processes: the task itself; `step`, the deferred step of its park, which
 * runs on its worker when the task may be going on elsewhere already; and `deadline`, some worker that
 * serves the wheel: the time is always ripe. All timers lie in one wheel, so there is one wheel's lock. What
 * happens under a lock is one step where nobody can look in between; the claim can always be looked at.
 *
 * What must hold
 *   a wait is ended once, and nobody makes a task ready that is still on its stack, or does not wait;
 *   an element whose send returned 0 is received once, and one that was refused or came too late, never;
 *   whose deadline has come has received nothing;
 *   when a task goes on, nobody has its node, its timer or its descriptor in his hands;
 *   nobody touches the channel, or the awaited task, after it was freed; it is freed once;
 *   in the end nobody waits, no list and no wheel holds anything, and nobody is counted as leaving.
 *
 * Three scenes. RACE: a sender and receivers, all with deadlines, one who tries to send, and one who
 * closes. RELEASE: two wait without references of their own; another, who knows that they do, closes and
 * releases, or releases when both deadlines have come. AWAIT: one awaits a task with deadlines, and when
 * they have come, without one, or detaches it.
 *
 * run: RACE CAPACITY=0
 * run: RACE CAPACITY=1
 * run: RACE CAPACITY=0 RECEIVERS=2 ROUNDS=1
 * run: RELEASE
 * run: AWAIT
 * mutant: RACE CAPACITY=0 LOOK_THEN_STORE -- a waker looks at the claim and then stores, in two steps
 * mutant: RACE CAPACITY=0 WAKER_CLAIMS_NOTHING -- a waiter whose deadline has come is given an element
 * mutant: RACE CAPACITY=0 TIMER_CLAIMS_NOTHING -- a deadline ends the wait whoever has ended it before
 * mutant: RACE CAPACITY=0 CLOSE_CLAIMS_NOTHING -- a close wakes whom the deadline wakes too
 * mutant: RACE CAPACITY=0 OPEN_LATE -- the claim is opened when others can find the task
 * mutant: RACE CAPACITY=0 ARM_LATE -- the channel is unlocked before the timer is in the wheel
 * mutant: RACE CAPACITY=0 NO_CANCEL -- who is woken in time leaves its timer where it is
 * mutant: RACE CAPACITY=0 CANCEL_WITHOUT_LOCK -- who cancels does not wait for who has the timer in his hands
 * mutant: RACE CAPACITY=0 STAYS_LISTED -- whose deadline has come goes on while its node is in the list
 * mutant: RACE CAPACITY=0 UNLINKED_TWICE -- who leaves does not ask whether others have unlinked its node
 * mutant: RELEASE FREES_AT_ONCE -- the last reference frees the channel while somebody is leaving
 * mutant: RELEASE NO_LAST_LOOK -- the last reference does not look for those who are leaving
 * mutant: RELEASE NOBODY_FREES -- the last who leaves does not free the channel
 * mutant: AWAIT PUBLISH_FIRST -- the waiter can be found before its timer is in the wheel
 * mutant: AWAIT TIMER_CLAIMS_NOTHING -- the deadline does not take the waiter back
 * mutant: AWAIT NO_SELF_WAKE -- a waiter that comes too late does not wake itself
 * mutant: AWAIT NO_CANCEL -- who is woken in time leaves its timer where it is
 * mutant: AWAIT CANCEL_WITHOUT_LOCK -- who cancels does not wait for who has the timer in his hands
 */
#ifndef CAPACITY
#define CAPACITY 0
#endif
#ifndef RECEIVERS
#define RECEIVERS 1
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif

#if defined(RACE)
#define WAITERS (1 + RECEIVERS) /* the sender is the first */
#elif defined(RELEASE)
#define WAITERS 2
#else
#define WAITERS 1
#endif

#define NOBODY   255
#define NOTHING  255
#define ELEMENTS (ROUNDS + 1) /* the last is the one that is tried */

mtype = { open, by_waker, by_timer };
mtype = { none, waiter, done, detached };

/* ---- a task that waits */

mtype claim[WAITERS] = by_timer;
bool on_stack[WAITERS] = true;
bool parked[WAITERS];
bool ready[WAITERS];
bool steps[WAITERS];   /* its deferred step is due */
bool waiting[WAITERS]; /* node and timer may be in others' hands */
byte wait[WAITERS];    /* its number */

bool wheel_locked;
bool in_wheel[WAITERS];
byte armed_for[WAITERS];

byte left; /* tasks that have ended */

inline make_ready(who)
{
    atomic { assert(parked[who] && !on_stack[who] && !ready[who]); ready[who] = true }
}

/* The deferred step takes over; returns when somebody has ended the wait. */
inline park()
{
    atomic { on_stack[me] = false; parked[me] = true; steps[me] = true }
    atomic { ready[me] -> ready[me] = false; parked[me] = false; on_stack[me] = true }
}

inline insert(who)
{
    assert(waiting[who] && !in_wheel[who]);
    in_wheel[who] = true;
    armed_for[who] = wait[who]
}

/* sched_timer_cancel */
inline cancel()
{
#ifdef NO_CANCEL
    skip
#elif defined(CANCEL_WITHOUT_LOCK)
    in_wheel[me] = false
#else
    atomic { !wheel_locked -> in_wheel[me] = false }
#endif
}

/* From here on nobody may know of the wait. */
inline go_on()
{
    atomic { assert(!ready[me] && !steps[me]); waiting[me] = false; wait[me]++ }
}

#ifndef AWAIT
/* ---- the channel */

bool locked, closed, freed;
byte references = 1;
byte length, slot;
byte timed, leaving;
chan senders_waiting = [WAITERS] of { byte };
chan receivers_waiting = [WAITERS] of { byte };

/* The nodes, on the waiters' stacks. */
byte element[WAITERS];
bool transferred[WAITERS];
bool unlinked[WAITERS];
bool has_waited[WAITERS];

byte received[ELEMENTS];
bool sent[ELEMENTS];

#define TOUCH assert(!freed)

inline lock()
{
    atomic { !locked -> TOUCH; locked = true }
}

inline unlock()
{
    atomic { TOUCH; assert(locked); locked = false }
}

inline destroy()
{
    atomic {
        TOUCH;
        assert(len(senders_waiting) == 0 && len(receivers_waiting) == 0 && !locked);
        freed = true
    }
}

/* chan.c: chan_claim; `mine` says whether. */
inline claim_waiter(list, who)
{
    atomic { assert(waiting[who]); timed-- };
#ifdef LOOK_THEN_STORE
    mine = (claim[who] == open);
    if
    :: mine -> claim[who] = by_waker
    :: else
    fi;
#elif defined(WAKER_CLAIMS_NOTHING)
    mine = true;
#else
    atomic {
        mine = (claim[who] == open);
        if
        :: mine -> claim[who] = by_waker
        :: else
        fi
    };
#endif
    atomic {
        assert(waiting[who]);
        if
        :: mine
        :: else -> list??eval(who); unlinked[who] = true; leaving++
        fi
    }
}

/* chan.h: chan_take_waiter; `other` is the waiter, or NOBODY. */
inline take_waiter(list)
{
    other = NOBODY;
    do
    :: len(list) > 0 && other == NOBODY ->
       list?<other>;
       claim_waiter(list, other);
       atomic {
           if
           :: mine -> list??eval(other)
           :: else -> other = NOBODY
           fi
       }
    :: else -> break
    od
}

/* transfer.c: complete */
inline complete(who)
{
    transferred[who] = true;
    unlock();
    make_ready(who)
}

/* until.c: wait_in and leave; `ok` says whether the element was moved, `late`, whether the deadline came. */
inline wait_in(list, what)
{
    atomic {
        assert(!(list??[eval(me)]));
        waiting[me] = true;
        element[me] = what;
        transferred[me] = false;
        unlinked[me] = false;
        list!me;
        timed++;
#ifndef OPEN_LATE
        claim[me] = open;
#endif
        has_waited[me] = true
    };
    park();
    late = (claim[me] == by_timer);
    if
#ifndef STAYS_LISTED
    :: late ->
       lock();
       atomic {
           last = false;
#ifndef UNLINKED_TWICE
           if
           :: unlinked[me] -> leaving--; last = (leaving == 0 && references == 0)
           :: else -> list??eval(me); timed--
           fi
#else
           assert(list??[eval(me)]);
           list??eval(me);
           timed--
#endif
       };
       unlock();
#ifndef NOBODY_FREES
       if
       :: last -> destroy()
       :: else
       fi;
#endif
       ok = false
#endif
    :: !late -> cancel(); ok = transferred[me]
#ifdef STAYS_LISTED
    :: late -> ok = false
#endif
    fi;
    go_on()
}

/* timer.c: sched_step_unlock_until */
proctype step(byte who)
{
end:
    do
    :: atomic { steps[who] -> steps[who] = false };
#ifdef OPEN_LATE
       unlock();
       claim[who] = open;
       atomic { !wheel_locked -> insert(who) }
#elif defined(ARM_LATE)
       unlock();
       atomic { !wheel_locked -> insert(who) }
#else
       atomic { !wheel_locked -> insert(who) };
       unlock()
#endif
    od
}

/* timer.c: take_due, ends_wait, serve */
proctype deadline(byte who)
{
    bool ends;
end:
    do
    :: atomic { !wheel_locked && in_wheel[who] -> wheel_locked = true; in_wheel[who] = false };
       atomic {
           assert(waiting[who] && armed_for[who] == wait[who]);
           ends = (claim[who] == open);
#ifdef TIMER_CLAIMS_NOTHING
           ends = true;
#endif
           if
           :: ends -> claim[who] = by_timer
           :: else
           fi
       };
       wheel_locked = false;
       if
       :: ends -> make_ready(who)
       :: else
       fi;
       ends = false
    od
}

/* chan.c: claim_all; the claimed ones stay in the list */
inline claim_all(list)
{
    count = len(list);
    do
    :: count > 0 ->
       list?other;
       list!other; /* round the list once: a claimed one is behind those that are to come */
       claim_waiter(list, other);
       count--
    :: else -> break
    od
}

/* chan.c: keel_chan_close */
inline close()
{
    lock();
    closed = true;
#ifndef CLOSE_CLAIMS_NOTHING
    claim_all(senders_waiting);
    claim_all(receivers_waiting);
#endif
    atomic {
        do
        :: len(senders_waiting) > 0 -> senders_waiting?other; woken!other
        :: len(receivers_waiting) > 0 -> receivers_waiting?other; woken!other
        :: len(senders_waiting) == 0 && len(receivers_waiting) == 0 -> break
        od
    };
    unlock();
    do
    :: len(woken) > 0 -> woken?other; make_ready(other)
    :: else -> break
    od
}

/* ---- RACE */

/* keel_chan_send_until, or keel_chan_try_send; `ok`: it was sent. */
inline send(number, may_wait)
{
    lock();
    ok = false;
    if
    :: closed -> unlock()
    :: else ->
       take_waiter(receivers_waiting);
       if
       :: other != NOBODY -> element[other] = number; ok = true; complete(other)
       :: other == NOBODY && length < CAPACITY -> slot = number; length++; ok = true; unlock()
       :: other == NOBODY && length == CAPACITY ->
          if
          :: may_wait -> wait_in(senders_waiting, number)
          :: else -> unlock()
          fi
       fi
    fi;
    sent[number] = ok
}

proctype sender(byte me)
{
    byte other, next;
    bool ok, late, last, mine;
    do
    :: next < ROUNDS -> send(next, true); next++
    :: else -> break
    od;
    left++
}

proctype trier()
{
    byte other, me;
    bool ok, late, last, mine;
    send(ROUNDS, false);
    left++
}

inline note_received(number)
{
    assert(number != NOTHING && received[number] == 0);
    received[number]++
}

/* keel_chan_receive_until */
proctype receiver(byte me)
{
    byte other, round;
    bool ok, late, last, mine;
    do
    :: round < ROUNDS ->
       lock();
       take_waiter(senders_waiting);
       if
       :: length > 0 ->
          note_received(slot);
          if
          :: other != NOBODY -> slot = element[other]; complete(other)
          :: else -> length--; unlock()
          fi
       :: length == 0 && other != NOBODY -> note_received(element[other]); complete(other)
       :: length == 0 && other == NOBODY && closed -> unlock(); break
       :: length == 0 && other == NOBODY && !closed ->
          wait_in(receivers_waiting, NOTHING);
          if
          :: ok -> note_received(element[me])
          :: else -> assert(element[me] == NOTHING)
          fi
       fi;
       round++
    :: else -> break
    od;
    left++
}

proctype closer()
{
    byte other, count;
    bool mine;
    chan woken = [WAITERS] of { byte };
    close();
    left++
}

/* ---- RELEASE */

proctype leaver(byte me)
{
    bool ok, late, last;
    lock();
    wait_in(receivers_waiting, NOTHING);
    assert(!ok);
    left++
}

proctype releaser()
{
    byte other, count;
    bool mine, last;
    chan woken = [WAITERS] of { byte };
    if
    :: has_waited[0] && has_waited[1] -> close()
    :: has_waited[0] && has_waited[1] && claim[0] == by_timer && claim[1] == by_timer
    fi;
    lock(); /* keel_chan_release, chan_unreference */
    references--;
#ifndef NO_LAST_LOOK
    claim_all(receivers_waiting);
#endif
#ifdef FREES_AT_ONCE
    last = true;
#else
    last = (leaving == 0);
#endif
    unlock();
    if
    :: last -> destroy()
    :: else
    fi;
    left++
}

#else
/* ---- AWAIT */

mtype join = none;
byte recycled;
bool result_is_there;

#define TOUCH assert(recycled == 0)

inline recycle()
{
    atomic { TOUCH; recycled++ }
}

/* timer.c: sched_step_await_until */
proctype step(byte who)
{
    bool waits;
end:
    do
    :: atomic { steps[who] -> steps[who] = false };
#ifdef PUBLISH_FIRST
       atomic { TOUCH; waits = (join == none); join = (waits -> waiter : join) };
       atomic { !wheel_locked -> insert(who) };
#else
       atomic { !wheel_locked -> wheel_locked = true; insert(who) };
       atomic { TOUCH; waits = (join == none); join = (waits -> waiter : join) };
       wheel_locked = false;
#endif
#ifndef NO_SELF_WAKE
       if
       :: waits
       :: else -> make_ready(who)
       fi;
#endif
       waits = false
    od
}

/* timer.c: take_due, ends_wait, serve */
proctype deadline(byte who)
{
    bool ends;
end:
    do
    :: atomic { !wheel_locked && in_wheel[who] -> wheel_locked = true; in_wheel[who] = false };
       atomic {
           assert(waiting[who] && armed_for[who] == wait[who]);
           TOUCH;
           ends = (join == waiter);
#ifndef TIMER_CLAIMS_NOTHING
           join = (ends -> none : join)
#endif
       };
       if
       :: ends -> claim[who] = by_timer
       :: else
       fi;
       wheel_locked = false;
       if
       :: ends -> make_ready(who)
       :: else
       fi;
       ends = false
    od
}

/* run.c: finish */
proctype ender()
{
    mtype before;
    result_is_there = true;
    atomic { TOUCH; before = join; join = done };
    if
    :: before == waiter -> make_ready(0)
    :: before == detached -> recycle()
    :: else
    fi;
    left++
}

/* keel_task_await: parks without a deadline; join.pml has the rest. */
inline await()
{
    if
    :: join == done
    :: join != done -> atomic { TOUCH; join == done }
    fi;
    assert(result_is_there);
    recycle()
}

proctype awaiter(byte me)
{
    byte round;
    bool late, ended;
    do
    :: !ended && round < ROUNDS -> /* keel_task_await_until */
       round++;
       atomic { TOUCH; late = (join != done) };
       if
       :: late ->
          atomic { claim[me] = open; waiting[me] = true };
          park();
          late = (claim[me] == by_timer);
          if
          :: !late -> cancel()
          :: else
          fi;
          go_on()
       :: else
       fi;
       if
       :: !late -> await(); ended = true
       :: else
       fi
    :: !ended -> await(); ended = true
    :: !ended -> /* keel_task_detach */
       atomic {
           TOUCH;
           late = (join == none);
           join = (late -> detached : join)
       };
       if
       :: late
       :: else -> recycle()
       fi;
       ended = true
    :: ended -> break
    od;
    left++
}
#endif

init
{
    byte i;
    atomic {
        for (i : 0 .. WAITERS - 1) {
            run step(i);
            run deadline(i)
        }
#if defined(RACE)
        run sender(0);
        run receiver(1);
#if RECEIVERS > 1
        run receiver(2);
#endif
        run trier();
        run closer()
#elif defined(RELEASE)
        run leaver(0);
        run leaver(1);
        run releaser()
#else
        run awaiter(0);
        run ender()
#endif
    }
#if defined(RACE)
    left == WAITERS + 2;
#elif defined(RELEASE)
    left == WAITERS + 1;
#else
    left == WAITERS + 1;
#endif
    for (i : 0 .. WAITERS - 1) {
        assert(!in_wheel[i] && !waiting[i])
    }
#if defined(RACE)
    assert(leaving == 0 && timed == 0 && len(senders_waiting) == 0 && len(receivers_waiting) == 0);
    d_step {
        for (i : 0 .. ELEMENTS - 1) {
            assert(received[i] <= sent[i]);
            assert(received[i] == sent[i] || (length == 1 && slot == i))
        }
    }
#elif defined(RELEASE)
    assert(freed && leaving == 0 && timed == 0)
#else
    assert(recycled == 1)
#endif
}
