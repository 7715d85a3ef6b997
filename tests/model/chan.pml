/*
 * chan/: send, receive, close, counted senders, release; with a park whose last step, the unlock, runs
 * after the stack has been left.
 *
 * Each process is a task, with a worker of its own. What another task may see is done in single steps,
 * in the order of the C; what happens under the lock is one step, because nobody can look in between.
 * Lists of waiters are Promela channels of task numbers, a waiter's element and outcome stand in arrays.
 *
 * What must hold
 *   an element is received once, if its send returned 0, and never, if it was refused;
 *   nobody is made ready while still on its stack, or twice;
 *   nobody touches the channel after it was freed; it is freed once;
 *   in the end nobody waits (an invalid end state).
 *
 * Three scenes. CROWD: two senders, each with a clone of its own, drop it at the end; two receivers,
 * each with a reference of its own, receive until the end and release; the creator drops its sender and
 * releases. With CLOSE it closes first: then a drop may come after the last receiver has gone, so the
 * senders have references too. REPLY: the sender has no reference; whoever receives its element
 * releases the channel at once. FULL: one element more is sent than fits, and only one received.
 *
 * run: CROWD CAPACITY=0
 * run: CROWD CAPACITY=1
 * run: CROWD CAPACITY=0 CLOSE
 * run: CROWD CAPACITY=1 CLOSE
 * run: CROWD CAPACITY=1 ELEMENTS=2 RECEIVERS=1 CLOSE
 * run: REPLY CAPACITY=0
 * run: REPLY CAPACITY=1
 * run: FULL CAPACITY=1
 * mutant: CROWD CAPACITY=0 UNLOCK_BEFORE_SWITCH -- the lock is released before the stack is left
 * mutant: CROWD CAPACITY=0 CLOSE_WAKES_ONE -- close wakes one waiter
 * mutant: FULL CAPACITY=1 NO_REFILL -- a receive leaves a waiting sender where it is
 * mutant: CROWD CAPACITY=1 ELEMENTS=2 RECEIVERS=1 SEND_AFTER_CLOSE CLOSE -- a send does not ask whether it is closed
 * mutant: CROWD CAPACITY=1 CLOSE END_BEFORE_DRAIN -- a receive asks whether it is closed before it looks inside
 * mutant: CROWD CAPACITY=0 DROP_TAKES_LAST_REFERENCE -- the last drop takes a reference too
 * mutant: REPLY CAPACITY=0 TOUCH_AFTER_UNLOCK -- a send looks at the channel once more at its end
 * mutant: REPLY CAPACITY=0 WAITER_TOUCHES -- who was woken looks at the channel
 * mutant: REPLY CAPACITY=1 TOUCH_AFTER_UNLOCK -- a send looks at the channel once more at its end
 */
#ifndef CAPACITY
#define CAPACITY 0
#endif
#ifndef ELEMENTS
#define ELEMENTS 1
#endif
#ifndef RECEIVERS
#define RECEIVERS 2
#endif

#define SENDERS 2
#define TASKS   5 /* senders first, then receivers, then the creator */
#define NOBODY  255

mtype = { waiting, transferred, refused };

/* The channel. */
bool locked, closed, freed;
byte references = 1, senders = 1;
byte length;
byte slot; /* the one element inside, at capacity 1 */
chan senders_waiting = [TASKS] of { byte };
chan receivers_waiting = [TASKS] of { byte };

/* The waiters' nodes, on the waiters' stacks. */
byte element[TASKS];
mtype outcome[TASKS];
bool on_stack[TASKS] = true;
bool ready[TASKS];

/* Each element is a number of its own. */
byte received[SENDERS * ELEMENTS];
bool sent[SENDERS * ELEMENTS];

/* Every access to the channel. */
#define TOUCH assert(!freed)

inline lock()
{
    atomic { !locked -> TOUCH; locked = true }
}

inline unlock()
{
    atomic { TOUCH; assert(locked); locked = false }
}

inline make_ready(who)
{
    atomic { assert(!on_stack[who] && !ready[who]); ready[who] = true }
}

/* transfer.c: wait_in; the caller holds the lock and stands in a list */
inline wait_in()
{
#ifdef UNLOCK_BEFORE_SWITCH
    unlock();
    on_stack[me] = false;
#else
    on_stack[me] = false; /* the switch */
    unlock();             /* sched_step_unlock */
#endif
    atomic { ready[me] -> ready[me] = false; on_stack[me] = true }
#ifdef WAITER_TOUCHES
    TOUCH;
#endif
}

/* transfer.c: complete */
inline complete(who)
{
    unlock();
#ifdef TOUCH_AFTER_UNLOCK
    make_ready(who);
    TOUCH
#else
    make_ready(who)
#endif
}

inline note_received(number)
{
    received[number]++;
    assert(received[number] == 1)
}

/* `ok`: whether it was sent. */
inline send(number)
{
    lock();
    atomic {
        other = NOBODY;
        waits = false;
        ok = true;
        if
#ifndef SEND_AFTER_CLOSE
        :: closed -> ok = false
#endif
#ifdef SEND_AFTER_CLOSE
        :: len(receivers_waiting) > 0 ->
#else
        :: !closed && len(receivers_waiting) > 0 ->
#endif
           receivers_waiting?other;
           element[other] = number;
           outcome[other] = transferred
        :: else ->
           if
           :: length < CAPACITY -> slot = number; length++
           :: else -> waits = true; element[me] = number; outcome[me] = waiting; senders_waiting!me
           fi
        fi
    }
    if
    :: waits -> wait_in(); ok = (outcome[me] == transferred)
    :: !waits && other != NOBODY -> complete(other)
    :: else ->
       unlock();
#ifdef TOUCH_AFTER_UNLOCK
       TOUCH
#endif
    fi
}

/* `ok`: whether an element was received; `got`: which. */
inline receive()
{
    lock();
    atomic {
        other = NOBODY;
        waits = false;
        ok = true;
        if
#ifdef END_BEFORE_DRAIN
        :: closed -> ok = false
        :: !closed && length > 0 ->
#else
        :: length > 0 ->
#endif
           got = slot;
           length--;
           note_received(got);
#ifndef NO_REFILL
           if
           :: len(senders_waiting) > 0 ->
              senders_waiting?other;
              slot = element[other];
              length++;
              outcome[other] = transferred
           :: else
           fi
#endif
        :: length == 0 && len(senders_waiting) > 0 ->
           senders_waiting?other;
           got = element[other];
           note_received(got);
           outcome[other] = transferred
        :: else ->
           if
           :: closed -> ok = false
           :: else -> waits = true; outcome[me] = waiting; receivers_waiting!me
           fi
        fi
    }
    if
    :: waits ->
       wait_in();
       atomic {
           ok = (outcome[me] == transferred);
           if
           :: ok -> got = element[me]; note_received(got)
           :: else
           fi
       }
    :: !waits && other != NOBODY -> complete(other)
    :: else -> unlock()
    fi
}

/* chan.c: close_locked; the waiters go to a list of the closer's own */
inline close_locked()
{
    closed = true;
    do
    :: len(senders_waiting) > 0 -> senders_waiting?other; outcome[other] = refused; woken!other
#ifdef CLOSE_WAKES_ONE
       ; break
#endif
    :: len(receivers_waiting) > 0 -> receivers_waiting?other; outcome[other] = refused; woken!other
#ifdef CLOSE_WAKES_ONE
       ; break
#endif
    :: len(senders_waiting) == 0 && len(receivers_waiting) == 0 -> break
    od
}

inline ready_all()
{
    do
    :: len(woken) > 0 -> woken?other; make_ready(other)
    :: len(woken) == 0 -> break
    od
}

inline destroy()
{
    atomic {
        TOUCH;
        assert(len(senders_waiting) == 0 && len(receivers_waiting) == 0 && !locked);
        freed = true
    }
}

inline close()
{
    lock();
    atomic { close_locked() }
    unlock();
    ready_all()
}

inline drop_sender()
{
    lock();
    atomic {
        last = false;
        senders--;
        if
        :: senders == 0 ->
           close_locked();
#ifdef DROP_TAKES_LAST_REFERENCE
           references--;
           last = references == 0
#endif
        :: else -> references--; last = references == 0
        fi
    }
    unlock();
    ready_all();
    if
    :: last -> destroy()
    :: else
    fi
}

inline release()
{
    lock();
    atomic { references--; last = references == 0 }
    unlock();
    if
    :: last -> destroy()
    :: else
    fi
}

/* ---- CROWD */

proctype sender(byte me)
{
    byte other, next;
    bool waits, ok, last;
    chan woken = [TASKS] of { byte };
    do
    :: next < ELEMENTS ->
       send(me * ELEMENTS + next);
       sent[me * ELEMENTS + next] = ok;
       next++
    :: next == ELEMENTS -> break
    od;
    drop_sender();
#ifdef CLOSE
    release()
#endif
}

proctype receiver(byte me)
{
    byte other, got;
    bool waits, ok = true, last;
    do
    :: ok -> receive()
    :: !ok -> break
    od;
    release()
}

proctype creator(byte me)
{
    byte other;
    bool last;
    chan woken = [TASKS] of { byte };
#ifdef CLOSE
    close();
#endif
    drop_sender();
    release()
}

/* ---- REPLY */

proctype replier(byte me)
{
    byte other;
    bool waits, ok;
    send(0);
    assert(ok)
}

proctype asker(byte me)
{
    byte other, got;
    bool waits, ok, last;
    receive();
    assert(ok && got == 0);
    release()
}

/* ---- FULL */

proctype filler(byte me)
{
    byte other, next;
    bool waits, ok;
    do
    :: next <= CAPACITY -> send(next); assert(ok); next++
    :: next > CAPACITY -> break
    od
}

proctype one_receiver(byte me)
{
    byte other, got;
    bool waits, ok;
    receive();
    assert(ok && got == 0)
}

init
{
    byte i;
    pid before_them = _nr_pr;
    atomic {
#ifdef CROWD
        senders = 1 + SENDERS;
        references = 1 + RECEIVERS + SENDERS;
#ifdef CLOSE
        references = references + SENDERS;
#endif
        run sender(0);
        run sender(1);
        run receiver(2);
#if RECEIVERS > 1
        run receiver(3);
#endif
        run creator(4)
#elif defined(REPLY)
        run replier(0);
        run asker(2)
#else
        run filler(0);
        run one_receiver(2)
#endif
    }
    _nr_pr == before_them;
#ifdef FULL
    assert(length == CAPACITY)
#else
    assert(freed && references == 0 && length == 0);
#endif
#ifdef CROWD
    d_step {
        for (i : 0 .. SENDERS * ELEMENTS - 1) {
            assert(received[i] == sent[i])
        }
    }
#endif
}
