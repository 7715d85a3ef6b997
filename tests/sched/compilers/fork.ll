; Fork and join in LLVM IR, both ways that include/keel/fork.h names: fib by calls of keel_fork and
; keel_join, and fib with what those inline, on x86-64. Prints "kept" when both results are right.

%frame = type { ptr, ptr, ptr }

@kept = private constant [5 x i8] c"kept\0A"

declare void @keel_fork(ptr, ptr, ptr)
declare ptr @keel_join(ptr)
declare { ptr, ptr } @keel_fork_slow(ptr, ptr)
declare ptr @keel_join_slow(ptr, ptr)
declare void @cs_print_str(ptr, i64)

define ptr @fib_called(ptr %arg) {
entry:
  %frame = alloca %frame, align 8
  %n = ptrtoint ptr %arg to i64
  %small = icmp ult i64 %n, 2
  br i1 %small, label %leaf, label %node

leaf:
  ret ptr %arg

node:
  %n1 = sub i64 %n, 1
  %n2 = sub i64 %n, 2
  %arg1 = inttoptr i64 %n1 to ptr
  %arg2 = inttoptr i64 %n2 to ptr
  call void @keel_fork(ptr %frame, ptr @fib_called, ptr %arg1)
  %second = call ptr @fib_called(ptr %arg2)
  %first = call ptr @keel_join(ptr %frame)
  %a = ptrtoint ptr %first to i64
  %b = ptrtoint ptr %second to i64
  %sum = add i64 %a, %b
  %result = inttoptr i64 %sum to ptr
  ret ptr %result
}

; The frame needs no memory here: it is %frame.arg and %frame.next. Address space 257 is %fs. What is
; volatile must be: after a call the task may run on another thread, whose words are others.
define ptr @fib_inlined(ptr %arg) {
entry:
  %n = ptrtoint ptr %arg to i64
  %small = icmp ult i64 %n, 2
  br i1 %small, label %leaf, label %node

leaf:
  ret ptr %arg

node:
  %n1 = sub i64 %n, 1
  %n2 = sub i64 %n, 2
  %arg1 = inttoptr i64 %n1 to ptr
  %arg2 = inttoptr i64 %n2 to ptr
  %head = load volatile ptr, ptr addrspace(257) inttoptr (i64 64 to ptr addrspace(257))
  %limit = load volatile ptr, ptr addrspace(257) inttoptr (i64 72 to ptr addrspace(257))
  %full = icmp uge ptr %head, %limit
  br i1 %full, label %fork.slow, label %fork.fast, !prof !0

fork.fast:
  store volatile ptr @fib_inlined, ptr %head
  %slot.arg = getelementptr i8, ptr %head, i64 8
  store volatile ptr %arg1, ptr %slot.arg
  %next = getelementptr i8, ptr %head, i64 32
  store volatile ptr %next, ptr addrspace(257) inttoptr (i64 64 to ptr addrspace(257))
  br label %forked

fork.slow:
  %start = call { ptr, ptr } @keel_fork_slow(ptr @fib_inlined, ptr %arg1)
  %start.arg = extractvalue { ptr, ptr } %start, 0
  %start.next = extractvalue { ptr, ptr } %start, 1
  br label %forked

forked:
  %frame.arg = phi ptr [ %arg1, %fork.fast ], [ %start.arg, %fork.slow ]
  %frame.next = phi ptr [ %next, %fork.fast ], [ %start.next, %fork.slow ]
  %second = call ptr @fib_inlined(ptr %arg2)
  %slot = getelementptr i8, ptr %frame.next, i64 -32
  %head.now = load volatile ptr, ptr addrspace(257) inttoptr (i64 64 to ptr addrspace(257))
  %limit.now = load volatile ptr, ptr addrspace(257) inttoptr (i64 72 to ptr addrspace(257))
  %is.head = icmp eq ptr %frame.next, %head.now
  %is.below = icmp ult ptr %slot, %limit.now
  %private = and i1 %is.head, %is.below
  br i1 %private, label %join.fast, label %join.slow, !prof !1

join.fast:
  store volatile ptr %slot, ptr addrspace(257) inttoptr (i64 64 to ptr addrspace(257))
  %called = call ptr @fib_inlined(ptr %frame.arg)
  br label %joined

join.slow:
  %waited = call ptr @keel_join_slow(ptr %frame.next, ptr %frame.arg)
  br label %joined

joined:
  %first = phi ptr [ %called, %join.fast ], [ %waited, %join.slow ]
  %a = ptrtoint ptr %first to i64
  %b = ptrtoint ptr %second to i64
  %sum = add i64 %a, %b
  %result = inttoptr i64 %sum to ptr
  ret ptr %result
}

define i32 @main() {
entry:
  %called = call ptr @fib_called(ptr inttoptr (i64 20 to ptr))
  %inlined = call ptr @fib_inlined(ptr inttoptr (i64 22 to ptr))
  %called.right = icmp eq ptr %called, inttoptr (i64 6765 to ptr)
  %inlined.right = icmp eq ptr %inlined, inttoptr (i64 17711 to ptr)
  %right = and i1 %called.right, %inlined.right
  br i1 %right, label %print, label %end

print:
  call void @cs_print_str(ptr @kept, i64 5)
  br label %end

end:
  %status = phi i32 [ 0, %print ], [ 1, %entry ]
  ret i32 %status
}

!0 = !{!"branch_weights", i32 1, i32 1000}
!1 = !{!"branch_weights", i32 1000, i32 1}
