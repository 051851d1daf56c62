/* Fetching event fields. */
#include "viewer/ctf/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Fetching depends on what the trace declares, not on what we expect: a foreign trace may lie. */
enum shape { SHAPE_NONE, SHAPE_SIGNED, SHAPE_UNSIGNED, SHAPE_TEXT, SHAPE_NUMBERS, SHAPE_REAL };

enum wanted { WANT_NUMBER, WANT_TEXT, WANT_NUMBERS, WANT_REAL };

struct wanted_field {
    const char *name;
    enum wanted wanted;
    uint16_t offset;
};

#define NUMBER(field)                                                                                        \
    {                                                                                                        \
#field, WANT_NUMBER, offsetof(struct trace_event, field)                                             \
    }
#define TEXT(field)                                                                                          \
    {                                                                                                        \
#field, WANT_TEXT, offsetof(struct trace_event, field)                                               \
    }

static const struct wanted_field wanted_fields[] = {
    NUMBER(vpid),
    NUMBER(vtid),
    NUMBER(pid),
    NUMBER(ppid),
    NUMBER(tid),
    NUMBER(parent_tid),
    NUMBER(start_ns),
    NUMBER(mono_ns),
    NUMBER(real_ns),
    TEXT(exe),
    TEXT(cmdline),
    TEXT(path),
    TEXT(name),
    TEXT(category),
    TEXT(message),
    TEXT(source),
    TEXT(problem),
    NUMBER(cpu),
    NUMBER(preempted),
    NUMBER(slices),
    NUMBER(count),
    NUMBER(run_ns),
    NUMBER(ready_ns),
    NUMBER(task),
    NUMBER(parent),
    {"value", WANT_REAL, offsetof(struct trace_event, value)},
    NUMBER(base),
    NUMBER(size),
    NUMBER(file_offset),
    NUMBER(pthread),
    NUMBER(entry),
    NUMBER(object),
    NUMBER(id),
    NUMBER(stack),
    NUMBER(waiters),
    NUMBER(result),
    NUMBER(reason),
    NUMBER(timeout_ns),
    NUMBER(duration_ns),
    NUMBER(since_ns),
    NUMBER(number),
    NUMBER(weight_ns),
    NUMBER(dropped_samples),
    NUMBER(dropped_stacks),
    NUMBER(truncated_stacks),
    {"pcs", WANT_NUMBERS, offsetof(struct trace_event, numbers)},
    {"build_id", WANT_NUMBERS, offsetof(struct trace_event, numbers)},
};

static enum shape shape_of(const bt_field_class *class, enum wanted wanted)
{
    bt_field_class_type type = bt_field_class_get_type(class);
    if (wanted == WANT_NUMBER && bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
        return SHAPE_UNSIGNED;
    if (wanted == WANT_NUMBER && bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER))
        return SHAPE_SIGNED;
    if (wanted == WANT_REAL && type == BT_FIELD_CLASS_TYPE_DOUBLE_PRECISION_REAL)
        return SHAPE_REAL;
    if (wanted == WANT_TEXT && type == BT_FIELD_CLASS_TYPE_STRING)
        return SHAPE_TEXT;
    if (wanted == WANT_NUMBERS && bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ARRAY)) {
        const bt_field_class *element = bt_field_class_array_borrow_element_field_class_const(class);
        if (bt_field_class_type_is(bt_field_class_get_type(element), BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
            return SHAPE_NUMBERS;
    }
    return SHAPE_NONE;
}

static void plan_member(struct event_plan *plan, enum field_scope scope, uint64_t index,
                        const bt_field_class_structure_member *member)
{
    const char *name = bt_field_class_structure_member_get_name(member);
    const bt_field_class *class = bt_field_class_structure_member_borrow_field_class_const(member);
    for (size_t i = 0; i < ARRAY_SIZE(wanted_fields); i++) {
        if (strcmp(wanted_fields[i].name, name) != 0)
            continue;
        enum shape shape = shape_of(class, wanted_fields[i].wanted);
        if (shape != SHAPE_NONE && plan->count < FIELDS_MAX_PER_EVENT)
            plan->fields[plan->count++] =
                (struct field_plan){(uint8_t)scope, (uint8_t)shape, wanted_fields[i].offset, index};
        return;
    }
}

static void plan_scope(struct event_plan *plan, enum field_scope scope, const bt_field_class *structure)
{
    uint64_t count = structure ? bt_field_class_structure_get_member_count(structure) : 0;
    for (uint64_t i = 0; i < count; i++)
        plan_member(plan, scope, i, bt_field_class_structure_borrow_member_by_index_const(structure, i));
}

static struct event_plan *make_plan(const bt_event_class *class)
{
    const char *name = bt_event_class_get_name(class);
    struct event_plan *plan = calloc(1, sizeof(*plan));
    if (!plan)
        return NULL;
    plan->full_name = strdup(name ? name : "(unnamed)");
    if (!plan->full_name) {
        free(plan);
        return NULL;
    }
    plan->kind = trace_event_kind_of(plan->full_name);
    if (plan->kind == TRACE_FOREIGN)
        return plan;
    const bt_stream_class *stream = bt_event_class_borrow_stream_class_const(class);
    plan_scope(plan, SCOPE_COMMON_CONTEXT,
               bt_stream_class_borrow_event_common_context_field_class_const(stream));
    plan_scope(plan, SCOPE_SPECIFIC_CONTEXT, bt_event_class_borrow_specific_context_field_class_const(class));
    plan_scope(plan, SCOPE_PAYLOAD, bt_event_class_borrow_payload_field_class_const(class));
    return plan;
}

int fields_init(struct fields *f)
{
    *f = (struct fields){.numbers = malloc(FIELDS_MAX_NUMBERS * sizeof(uint64_t))};
    return f->numbers ? 0 : -ENOMEM;
}

void fields_clear(struct fields *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->plans[i]->full_name);
        free(f->plans[i]);
    }
    free(f->plans);
    free(f->numbers);
    map_clear(&f->by_class);
    *f = (struct fields){0};
}

static int plan_of(struct fields *f, const bt_event_class *class, struct event_plan **ret)
{
    uint32_t *index;
    int is_new;
    int error = map_add(&f->by_class, &class, sizeof(class), (uint32_t)f->count, &index, &is_new);
    if (error)
        return error;
    if (is_new) {
        struct event_plan **plans = realloc(f->plans, (f->count + 1) * sizeof(struct event_plan *));
        if (!plans)
            return -ENOMEM;
        f->plans = plans;
        plans[f->count] = make_plan(class);
        if (!plans[f->count])
            return -ENOMEM;
        f->count++;
    }
    if (*index >= f->count)
        return -ENOMEM; /* an earlier attempt to plan this class failed */
    *ret = f->plans[*index];
    return 0;
}

static size_t read_numbers(uint64_t *to, const bt_field *field)
{
    uint64_t count = bt_field_array_get_length(field);
    if (count > FIELDS_MAX_NUMBERS)
        count = FIELDS_MAX_NUMBERS;
    for (uint64_t i = 0; i < count; i++)
        to[i] =
            bt_field_integer_unsigned_get_value(bt_field_array_borrow_element_field_by_index_const(field, i));
    return (size_t)count;
}

static void read_field(struct fields *f, const struct field_plan *plan, const bt_field *field,
                       struct trace_event *ret)
{
    void *to = (char *)ret + plan->offset;
    if (plan->shape == SHAPE_UNSIGNED) {
        *(uint64_t *)to = bt_field_integer_unsigned_get_value(field);
    } else if (plan->shape == SHAPE_SIGNED) {
        *(int64_t *)to = bt_field_integer_signed_get_value(field);
    } else if (plan->shape == SHAPE_REAL) {
        *(double *)to = bt_field_real_double_precision_get_value(field);
    } else if (plan->shape == SHAPE_TEXT) {
        *(const char **)to = bt_field_string_get_value(field);
    } else {
        ret->number_count = read_numbers(f->numbers, field);
        ret->numbers = f->numbers;
    }
}

int fields_read(struct fields *f, const bt_event *event, struct trace_event *ret)
{
    struct event_plan *plan;
    int error = plan_of(f, bt_event_borrow_class_const(event), &plan);
    if (error)
        return error;
    *ret = (struct trace_event){.kind = plan->kind,
                                .full_name = plan->full_name,
                                .exe = "",
                                .cmdline = "",
                                .path = "",
                                .name = "",
                                .category = "",
                                .message = "",
                                .source = "",
                                .problem = ""};
    const bt_field *scopes[SCOPE_COUNT] = {bt_event_borrow_common_context_field_const(event),
                                           bt_event_borrow_specific_context_field_const(event),
                                           bt_event_borrow_payload_field_const(event)};
    for (size_t i = 0; i < plan->count; i++) {
        const struct field_plan *field = &plan->fields[i];
        read_field(f, field,
                   bt_field_structure_borrow_member_field_by_index_const(scopes[field->scope], field->index),
                   ret);
    }
    return 0;
}
