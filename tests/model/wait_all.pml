/*
 * keel_wait_all: sched/wait_all.c. Its step numbers and letters are used here.
 *
 * Each process `worker` takes tasks from one queue and runs them; a task spawns one more, or none, while
 * any are LEFT, and ends. main waits whenever it likes, and so may a second who waits, SECOND. AGAIN: main
 * spawns one more when it has gone on, and waits again.
 *
 * The store buffers. That a task has ended, and that there is word, reaches the others late; a fence empties
 * the caller's buffer. So does releasing the lock, and putting a task into a queue: who takes the lock, or
 * the task, sees what was done before.
 *
 * What must hold: those who wait are let go when all others have ended; and everybody goes on (else the end
 * state is invalid).
 *
 * run: WORKERS=2 LEFT=2
 * run: WORKERS=2 LEFT=2 SECOND
 * run: WORKERS=3 LEFT=1
 * run: WORKERS=2 LEFT=1 AGAIN
 * mutant: WORKERS=2 LEFT=1 NO_FENCE_2 -- who has nothing to do looks for word before its ends are seen
 * mutant: WORKERS=2 LEFT=1 NO_FENCE_C -- who waits looks at the others before its word is seen
 * mutant: WORKERS=2 LEFT=1 SPAWNS_FIRST -- spawns are read before ends
 * mutant: WORKERS=2 LEFT=1 ENTERS_LATE -- the lock is released between the look and the queue
 * mutant: WORKERS=2 LEFT=1 ASKS_ONCE -- who slept and has run more does not ask again
 * mutant: WORKERS=2 LEFT=1 AGAIN RESETS_LATE -- the word is taken back when the lock has been released
 * mutant: WORKERS=2 LEFT=1 SECOND FORGETS_ITSELF -- the one who comes last does not count those who wait
 */
#ifdef SECOND
#define WAITERS 2
#else
#define WAITERS 1
#endif

byte spawned[WORKERS], ended[WORKERS];
byte late[WORKERS]; /* ends that the others have not seen yet */
bool word, late_word;
bool locked;
byte waiting, let_go; /* those in the queue; those that may go on */
byte returned;
byte queued = 1, live = 1; /* main has spawned one, on worker 0 */
byte left = LEFT;
byte more; /* spawned by main */

#define NOBODY WORKERS

inline see_ends(whose)
{
    d_step { ended[whose] = ended[whose] + late[whose]; late[whose] = 0 }
}

inline see_word()
{
    d_step { word = word || late_word; late_word = false }
}

/* With the lock: all who wait, and `also`, are let go. */
inline take(also)
{
    atomic {
        assert(live == 0);
        let_go = let_go + waiting + also;
        waiting = 0;
#ifndef RESETS_LATE
        word = false;
        late_word = false
#endif
    }
}

inline unlock_taken()
{
    see_word();
    locked = false;
#ifdef RESETS_LATE
    atomic { word = false; late_word = false }
#endif
}

inline lock()
{
    atomic { !locked -> locked = true }
}

inline read_ends(me)
{
    i = 0;
    do
    :: i < WORKERS -> gone = gone + ended[i] + (i == me -> late[i] : 0); i++
    :: else -> break
    od
}

inline read_spawns()
{
    i = 0;
    do
    :: i < WORKERS -> made = made + spawned[i]; i++
    :: else -> break
    od;
    made = made + more
}

/* main, the second who waits, and the first task were there before the counts. */
inline look(me)
{
    gone = 0;
    made = WAITERS + 1;
#ifdef SPAWNS_FIRST
    read_spawns();
    read_ends(me)
#else
    read_ends(me);
    read_spawns()
#endif
}

proctype worker(byte me)
{
    byte gone, made, i;
    bool asked, any;
    do
    :: atomic { queued > 0 -> queued--
#ifndef ASKS_ONCE
        ; asked = false
#endif
       }
       if
       :: atomic { left > 0 -> left--; live++ }
          see_ends(me);
          spawned[me]++;
          queued++
       :: true
       fi;
       atomic { late[me]++; live-- } /* 1 */
    :: queued == 0 && !asked ->
#ifndef NO_FENCE_2
       see_ends(me); /* 2 */
#endif
       any = word;
       if
       :: any -> /* 3 */
          lock();
          if
          :: waiting > 0 ->
             look(me); /* 4 */
             if
             :: made == gone + waiting -> take(0); see_ends(me); unlock_taken()
             :: else -> see_ends(me); locked = false
             fi
          :: else -> see_ends(me); locked = false
          fi
       :: else
       fi;
       asked = true
    :: returned == WAITERS -> break
    od
}

proctype waiter(bool again)
{
    byte gone, made, i;
begin:
    lock(); /* a */
    late_word = true; /* b */
#ifndef NO_FENCE_C
    see_word(); /* c */
#endif
    look(NOBODY); /* d */
#ifdef FORGETS_ITSELF
    if
    :: made == gone + 1 ->
#else
    if
    :: made == gone + waiting + 1 ->
#endif
       take(1);
       unlock_taken()
    :: else ->
#ifdef ENTERS_LATE
       locked = false;
       lock();
#endif
       waiting++; /* e */
       see_word();
       locked = false
    fi;
    atomic { let_go > 0 -> let_go-- };
    if
    :: again ->
       again = false;
       atomic { more++; live++; queued++ };
       goto begin
    :: else
    fi;
    returned++
}

/* What was stored is seen some time. */
proctype memory()
{
    byte i;
    do
    :: late_word -> see_word()
    :: late[0] > 0 -> see_ends(0)
    :: late[1] > 0 -> see_ends(1)
#if WORKERS > 2
    :: late[2] > 0 -> see_ends(2)
#endif
    :: returned == WAITERS -> break
    od
}

init {
    atomic {
        byte i;
        do
        :: i < WORKERS -> run worker(i); i++
        :: else -> break
        od;
#ifdef AGAIN
        run waiter(true);
#else
        run waiter(false);
#endif
#ifdef SECOND
        run waiter(false);
#endif
        run memory()
    }
}
