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

%cs_channel_t = type opaque
%order = type { i64, i64 }
%producer = type { %cs_channel_t*, i64 }
%total = type { i64, i64 }

declare i8* @cs_alloc(i64)
declare void @cs_free(i8*)
declare void @cs_spawn(void (i8*)*, i8*)
declare %cs_channel_t* @cs_chan_create_ptr(i64)
declare %cs_channel_t* @cs_chan_clone_sender(%cs_channel_t*)
declare void @cs_chan_drop_sender(%cs_channel_t*)
declare void @cs_chan_send_ptr(%cs_channel_t*, i8*)
declare i8* @cs_chan_receive_ptr(%cs_channel_t*)
declare void @cs_chan_release(%cs_channel_t*)
declare void @cs_print_str(i8*, i64)
declare void @llvm.memcpy.p0i8.p0i8.i64(i8*, i8*, i64, i1)

@producer_word = private constant [9 x i8] c"producer "
@colon = private constant [2 x i8] c": "
@orders_sum = private constant [13 x i8] c" orders, sum "

define internal void @produce(i8* %data) {
entry:
  %producer = bitcast i8* %data to %producer*
  %sender_field = getelementptr %producer, %producer* %producer, i32 0, i32 0
  %sender = load %cs_channel_t*, %cs_channel_t** %sender_field
  %id_field = getelementptr %producer, %producer* %producer, i32 0, i32 1
  %id = load i64, i64* %id_field
  br label %each

each:
  %count = phi i64 [ 1, %entry ], [ %next, %each ]
  %block = call i8* @cs_alloc(i64 16)
  %order = bitcast i8* %block to %order*
  %from_field = getelementptr %order, %order* %order, i32 0, i32 0
  store i64 %id, i64* %from_field
  %value_field = getelementptr %order, %order* %order, i32 0, i32 1
  %value = mul i64 %id, %count
  store i64 %value, i64* %value_field
  call void @cs_chan_send_ptr(%cs_channel_t* %sender, i8* %block)
  %next = add i64 %count, 1
  %more = icmp ule i64 %next, 100
  br i1 %more, label %each, label %end

end:
  call void @cs_chan_drop_sender(%cs_channel_t* %sender)
  call void @cs_free(i8* %data)
  ret void
}

define i32 @main() {
entry:
  %totals = alloca [8 x %total]
  store [8 x %total] zeroinitializer, [8 x %total]* %totals
  %orders = call %cs_channel_t* @cs_chan_create_ptr(i64 16)
  br label %spawn

spawn:
  %id = phi i64 [ 1, %entry ], [ %next_id, %spawn ]
  %block = call i8* @cs_alloc(i64 16)
  %producer = bitcast i8* %block to %producer*
  %sender = call %cs_channel_t* @cs_chan_clone_sender(%cs_channel_t* %orders)
  %sender_field = getelementptr %producer, %producer* %producer, i32 0, i32 0
  store %cs_channel_t* %sender, %cs_channel_t** %sender_field
  %id_field = getelementptr %producer, %producer* %producer, i32 0, i32 1
  store i64 %id, i64* %id_field
  call void @cs_spawn(void (i8*)* @produce, i8* %block)
  %next_id = add i64 %id, 1
  %more = icmp ule i64 %next_id, 8
  br i1 %more, label %spawn, label %drop

drop:
  call void @cs_chan_drop_sender(%cs_channel_t* %orders)
  br label %receive

receive:
  %owned = call i8* @cs_chan_receive_ptr(%cs_channel_t* %orders)
  %none = icmp eq i8* %owned, null
  br i1 %none, label %release, label %some

some:
  %order = bitcast i8* %owned to %order*
  %from_field = getelementptr %order, %order* %order, i32 0, i32 0
  %from = load i64, i64* %from_field
  %value_field = getelementptr %order, %order* %order, i32 0, i32 1
  %value = load i64, i64* %value_field
  %index = sub i64 %from, 1
  %count_field = getelementptr [8 x %total], [8 x %total]* %totals, i64 0, i64 %index, i32 0
  %count = load i64, i64* %count_field
  %one_more = add i64 %count, 1
  store i64 %one_more, i64* %count_field
  %sum_field = getelementptr [8 x %total], [8 x %total]* %totals, i64 0, i64 %index, i32 1
  %sum = load i64, i64* %sum_field
  %larger = add i64 %sum, %value
  store i64 %larger, i64* %sum_field
  call void @cs_free(i8* %owned)
  br label %receive

release:
  call void @cs_chan_release(%cs_channel_t* %orders)
  br label %print

print:
  %position = phi i64 [ 0, %release ], [ %next_position, %print ]
  %total = getelementptr [8 x %total], [8 x %total]* %totals, i64 0, i64 %position
  %next_position = add i64 %position, 1
  call void @print_total(i64 %next_position, %total* %total)
  %another = icmp ult i64 %next_position, 8
  br i1 %another, label %print, label %end

end:
  ret i32 0
}

define internal void @print_total(i64 %id, %total* %total) {
  %line = alloca [96 x i8]
  %start = getelementptr [96 x i8], [96 x i8]* %line, i64 0, i64 0
  %producer_text = getelementptr [9 x i8], [9 x i8]* @producer_word, i64 0, i64 0
  %after_word = call i8* @append_text(i8* %start, i8* %producer_text, i64 9)
  %after_id = call i8* @append_number(i8* %after_word, i64 %id)
  %colon_text = getelementptr [2 x i8], [2 x i8]* @colon, i64 0, i64 0
  %after_colon = call i8* @append_text(i8* %after_id, i8* %colon_text, i64 2)
  %count_field = getelementptr %total, %total* %total, i32 0, i32 0
  %count = load i64, i64* %count_field
  %after_count = call i8* @append_number(i8* %after_colon, i64 %count)
  %orders_text = getelementptr [13 x i8], [13 x i8]* @orders_sum, i64 0, i64 0
  %after_orders = call i8* @append_text(i8* %after_count, i8* %orders_text, i64 13)
  %sum_field = getelementptr %total, %total* %total, i32 0, i32 1
  %sum = load i64, i64* %sum_field
  %newline = call i8* @append_number(i8* %after_orders, i64 %sum)
  store i8 10, i8* %newline
  %stop = getelementptr i8, i8* %newline, i64 1
  call void @print(i8* %start, i8* %stop)
  ret void
}

; Copies %len bytes to %at; returns the place after them.
define internal i8* @append_text(i8* %at, i8* %text, i64 %len) {
  call void @llvm.memcpy.p0i8.p0i8.i64(i8* %at, i8* %text, i64 %len, i1 false)
  %after = getelementptr i8, i8* %at, i64 %len
  ret i8* %after
}

; Prints what lies between two places.
define internal void @print(i8* %start, i8* %stop) {
  %from = ptrtoint i8* %start to i64
  %to = ptrtoint i8* %stop to i64
  %len = sub i64 %to, %from
  call void @cs_print_str(i8* %start, i64 %len)
  ret void
}

; Writes the decimal digits of %number at %at; returns the place after them.
define internal i8* @append_number(i8* %at, i64 %number) {
entry:
  %short = icmp ult i64 %number, 10
  br i1 %short, label %last, label %before

before:
  %rest = udiv i64 %number, 10
  %after_rest = call i8* @append_number(i8* %at, i64 %rest)
  br label %last

last:
  %place = phi i8* [ %at, %entry ], [ %after_rest, %before ]
  %digit = urem i64 %number, 10
  %character = trunc i64 %digit to i8
  %ascii = add i8 %character, 48
  store i8 %ascii, i8* %place
  %after = getelementptr i8, i8* %place, i64 1
  ret i8* %after
}
