; Many producers, one consumer: each producer has a sender of its own and drops it at its end. The
; last drop closes the channel, so the consumer needs no count: it receives until None.
;
;     for id in 1..8:
;         spawn produce(ch.clone_sender(), id)
;     drop ch.sender
;     while let order = ch.receive():
;         add(order)
;
; The consumer holds the creator's reference and gives it up after None.

%order = type { i64, i64 }
%producer = type { ptr, i64 }
%total = type { i64, i64 }

declare ptr @cs_alloc(i64)
declare void @cs_free(ptr)
declare void @cs_spawn(ptr, ptr)
declare ptr @cs_chan_create_ptr(i64)
declare ptr @cs_chan_clone_sender(ptr)
declare void @cs_chan_drop_sender(ptr)
declare void @cs_chan_send_ptr(ptr, ptr)
declare ptr @cs_chan_receive_ptr(ptr)
declare void @cs_chan_release(ptr)
declare void @cs_print_str(ptr, i64)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

@producer_word = private constant [9 x i8] c"producer "
@colon = private constant [2 x i8] c": "
@orders_sum = private constant [13 x i8] c" orders, sum "

define internal void @produce(ptr %data) {
entry:
  %sender_field = getelementptr %producer, ptr %data, i32 0, i32 0
  %sender = load ptr, ptr %sender_field
  %id_field = getelementptr %producer, ptr %data, i32 0, i32 1
  %id = load i64, ptr %id_field
  br label %each

each:
  %count = phi i64 [ 1, %entry ], [ %next, %each ]
  %block = call ptr @cs_alloc(i64 16)
  %from_field = getelementptr %order, ptr %block, i32 0, i32 0
  store i64 %id, ptr %from_field
  %value_field = getelementptr %order, ptr %block, i32 0, i32 1
  %value = mul i64 %id, %count
  store i64 %value, ptr %value_field
  call void @cs_chan_send_ptr(ptr %sender, ptr %block)
  %next = add i64 %count, 1
  %more = icmp ule i64 %next, 100
  br i1 %more, label %each, label %end

end:
  call void @cs_chan_drop_sender(ptr %sender)
  call void @cs_free(ptr %data)
  ret void
}

define i32 @main() {
entry:
  %totals = alloca [8 x %total]
  store [8 x %total] zeroinitializer, ptr %totals
  %orders = call ptr @cs_chan_create_ptr(i64 16)
  br label %spawn

spawn:
  %id = phi i64 [ 1, %entry ], [ %next_id, %spawn ]
  %block = call ptr @cs_alloc(i64 16)
  %sender = call ptr @cs_chan_clone_sender(ptr %orders)
  %sender_field = getelementptr %producer, ptr %block, i32 0, i32 0
  store ptr %sender, ptr %sender_field
  %id_field = getelementptr %producer, ptr %block, i32 0, i32 1
  store i64 %id, ptr %id_field
  call void @cs_spawn(ptr @produce, ptr %block)
  %next_id = add i64 %id, 1
  %more = icmp ule i64 %next_id, 8
  br i1 %more, label %spawn, label %drop

drop:
  call void @cs_chan_drop_sender(ptr %orders)
  br label %receive

receive:
  %owned = call ptr @cs_chan_receive_ptr(ptr %orders)
  %none = icmp eq ptr %owned, null
  br i1 %none, label %release, label %some

some:
  %from_field = getelementptr %order, ptr %owned, i32 0, i32 0
  %from = load i64, ptr %from_field
  %value_field = getelementptr %order, ptr %owned, i32 0, i32 1
  %value = load i64, ptr %value_field
  %index = sub i64 %from, 1
  %count_field = getelementptr [8 x %total], ptr %totals, i64 0, i64 %index, i32 0
  %count = load i64, ptr %count_field
  %one_more = add i64 %count, 1
  store i64 %one_more, ptr %count_field
  %sum_field = getelementptr [8 x %total], ptr %totals, i64 0, i64 %index, i32 1
  %sum = load i64, ptr %sum_field
  %larger = add i64 %sum, %value
  store i64 %larger, ptr %sum_field
  call void @cs_free(ptr %owned)
  br label %receive

release:
  call void @cs_chan_release(ptr %orders)
  br label %print

print:
  %position = phi i64 [ 0, %release ], [ %next_position, %print ]
  %total = getelementptr [8 x %total], ptr %totals, i64 0, i64 %position
  %next_position = add i64 %position, 1
  call void @print_total(i64 %next_position, ptr %total)
  %another = icmp ult i64 %next_position, 8
  br i1 %another, label %print, label %end

end:
  ret i32 0
}

define internal void @print_total(i64 %id, ptr %total) {
  %line = alloca [96 x i8]
  %after_word = call ptr @append_text(ptr %line, ptr @producer_word, i64 9)
  %after_id = call ptr @append_number(ptr %after_word, i64 %id)
  %after_colon = call ptr @append_text(ptr %after_id, ptr @colon, i64 2)
  %count_field = getelementptr %total, ptr %total, i32 0, i32 0
  %count = load i64, ptr %count_field
  %after_count = call ptr @append_number(ptr %after_colon, i64 %count)
  %after_orders = call ptr @append_text(ptr %after_count, ptr @orders_sum, i64 13)
  %sum_field = getelementptr %total, ptr %total, i32 0, i32 1
  %sum = load i64, ptr %sum_field
  %newline = call ptr @append_number(ptr %after_orders, i64 %sum)
  store i8 10, ptr %newline
  %stop = getelementptr i8, ptr %newline, i64 1
  call void @print(ptr %line, ptr %stop)
  ret void
}

; Copies %len bytes to %at; returns the place after them.
define internal ptr @append_text(ptr %at, ptr %text, i64 %len) {
  call void @llvm.memcpy.p0.p0.i64(ptr %at, ptr %text, i64 %len, i1 false)
  %after = getelementptr i8, ptr %at, i64 %len
  ret ptr %after
}

; Prints what lies between two places.
define internal void @print(ptr %start, ptr %stop) {
  %from = ptrtoint ptr %start to i64
  %to = ptrtoint ptr %stop to i64
  %len = sub i64 %to, %from
  call void @cs_print_str(ptr %start, i64 %len)
  ret void
}

; Writes the decimal digits of %number at %at; returns the place after them.
define internal ptr @append_number(ptr %at, i64 %number) {
entry:
  %short = icmp ult i64 %number, 10
  br i1 %short, label %last, label %before

before:
  %rest = udiv i64 %number, 10
  %after_rest = call ptr @append_number(ptr %at, i64 %rest)
  br label %last

last:
  %place = phi ptr [ %at, %entry ], [ %after_rest, %before ]
  %digit = urem i64 %number, 10
  %character = trunc i64 %digit to i8
  %ascii = add i8 %character, 48
  store i8 %ascii, ptr %place
  %after = getelementptr i8, ptr %place, i64 1
  ret ptr %after
}
