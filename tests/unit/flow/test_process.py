"""The five steps, over the small diagrams; each played in memory and restored between all steps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.flow import Definitions, NoReadings, Refused, process, state
from tests.unit.flow.small import NOW, EveryDay, Play, changed, diagram, replayed

BEGUN = NOW.isoformat()


@pytest.fixture(params=["kept", "restored"])
def restored(request):
    return request.param == "restored"


@pytest.fixture
def rework(restored):
    return Play(diagram("rework.bpmn"), "rework", restored, unit="u1", begun=BEGUN, limit=1)


def test_a_user_task_knows_its_role_unit_form_and_article(rework):
    task = rework.task("carry_out")
    assert (task.role, task.unit, task.form, task.article) == (
        "officer",
        "u1",
        "carry_out",
        "第十三条",
    )
    assert (task.name, task.address, task.leg) == ("办理", "carry_out#1", None)


def test_the_tasks_own_role_goes_before_its_lanes_and_a_unit_may_be_a_plain_word(rework):
    rework.complete("carry_out")
    task = rework.task("look_over")
    assert (task.role, task.unit) == ("leader", "centre")


def test_ids_are_numbers_of_the_instances_own_counter(rework):
    first = rework.task("carry_out").id
    again = Play(rework.files, "rework", unit="u1", begun=BEGUN, limit=1)
    assert again.task("carry_out").id == first
    assert 1 <= first < 20


def test_completing_reaches_the_milestone_with_the_variables_of_its_scope(rework):
    rework.complete("carry_out", outcome="done")
    (milestone,) = rework.step.milestones
    assert (milestone.name, milestone.element) == ("reported", "carry_out")
    assert milestone.at == NOW
    assert milestone.values["outcome"] == "done"
    assert milestone.values["unit"] == "u1"


def test_a_step_tells_the_way_that_was_walked_flow_by_flow(rework):
    rework.complete("carry_out")
    rework.complete("look_over", verdict="bad")
    assert [(one.element, one.flow) for one in rework.step.walked] == [
        ("look_over", "c"),
        ("good_enough", "d"),
        ("once_more", "is_bad"),
    ]
    assert rework.task("carry_out").address == "carry_out#2"


def test_a_process_ends(rework):
    rework.complete("carry_out")
    step = rework.complete("look_over", verdict="good")
    assert step.ended
    assert not step.tasks
    with pytest.raises(Refused, match="ended"):
        process.send(rework.state, "anything", {}, NOW, EveryDay())
    with pytest.raises(Refused, match="task_gone"):
        process.complete(rework.state, 4, {}, NOW, EveryDay())


def test_a_task_done_before_is_gone_and_one_that_never_was_is_unknown(rework):
    task = rework.task("carry_out").id
    rework.complete("carry_out")
    for number, code in ((task, "task_gone"), (10_000, "task_unknown"), (0, "task_unknown")):
        with pytest.raises(Refused, match=code):
            process.complete(rework.state, number, {}, NOW, EveryDay())
    # Neither spoiled the state.
    assert rework.complete("look_over", verdict="good").ended


def test_an_element_that_is_no_user_task_cannot_be_completed(rework):
    timer = rework.step.timers[0].id
    with pytest.raises(Refused, match="task_gone"):
        process.complete(rework.state, timer, {}, NOW, EveryDay())


def test_a_step_that_fails_spoils_its_state(rework):
    with pytest.raises(Refused, match="data"):
        process.complete(
            rework.state, rework.task("carry_out").id, {"x": object()}, NOW, EveryDay()
        )
    with pytest.raises(Refused, match="spoiled"):
        process.tick(rework.state, NOW, EveryDay())
    with pytest.raises(Refused, match="spoiled"):
        state.dump(rework.state)


def test_a_naive_now_is_refused(rework):
    with pytest.raises(ValueError, match="aware"):
        process.tick(rework.state, NOW.replace(tzinfo=None), EveryDay())


# --- deadlines -----------------------------------------------------------------------------


def test_a_deadline_is_counted_by_the_readings_and_explained(rework):
    (timer,) = rework.step.timers
    assert timer.due.isoformat() == "2026-10-01T16:00:00+00:00"
    assert (timer.deadline, timer.article, timer.provisional) == ("handle", "第十四条", False)
    assert timer.why["days"] == 1
    (reading,) = rework.step.readings
    assert (reading.kind, reading.element) == ("due", "limit_passes")
    assert reading.question == {"start": BEGUN, "days": 1}


def test_a_tick_before_the_due_time_does_nothing_and_at_it_fires(rework):
    step = rework.tick(hours=37, minutes=59, seconds=59)  # 23:59:59
    assert step.timers
    assert not step.walked
    step = rework.tick(seconds=1)
    assert not step.timers
    assert rework.milestones() == ["overdue"]
    assert [message.topic for message in step.messages] == ["warning.overdue"]
    assert rework.tasks() == ["carry_out@u1"]  # it does not interrupt


def test_a_late_tick_decides_as_a_punctual_one(rework):
    due = rework.step.timers[0].due
    (milestone,) = rework.tick(days=9).milestones
    assert milestone.at == due


def test_completing_past_a_due_time_needs_a_tick_first(rework):
    task = rework.task("carry_out").id
    with pytest.raises(Refused, match="tick_first"):
        process.complete(rework.state, task, {}, NOW + timedelta(days=3), EveryDay())
    rework.tick(days=3)
    rework.complete("carry_out")
    assert rework.milestones() == ["reported"]


def test_work_taken_up_again_after_its_due_time_is_late_at_once_and_from_the_due_time(rework):
    due = rework.step.timers[0].due
    rework.complete("carry_out")
    rework.tick(days=5)
    assert rework.milestones() == []  # under review nothing was waiting
    step = rework.complete("look_over", verdict="bad")
    assert [(one.name, one.at) for one in step.milestones] == [("overdue", due)]


def test_a_message_to_the_world_carries_what_it_declares_or_else_the_scope(restored):
    bare = '<bpmn:sendTask id="warn" camunda:type="external" camunda:topic="warning.overdue"'
    declared = (
        "><bpmn:extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="whose">${unit}</camunda:inputParameter>'
        '<camunda:inputParameter name="days">${limit + 1}</camunda:inputParameter>'
        "</camunda:inputOutput></bpmn:extensionElements></bpmn:sendTask>"
    )
    values = {"unit": "u1", "begun": BEGUN, "limit": 1}
    told = Play(diagram("rework.bpmn"), "rework", restored, **values)
    (message,) = told.tick(days=9).messages
    assert dict(message.values) == values
    files = changed(diagram("rework.bpmn"), (f"{bare} />", bare + declared))
    told = Play(files, "rework", restored, **values)
    (message,) = told.tick(days=9).messages
    assert dict(message.values) == {"whose": "u1", "days": 2}


def test_the_clock_stands_at_each_due_time_while_it_fires(restored):
    """One late sweep and punctual ones decide the same, also on what is set off on the way."""
    files = changed(
        diagram("rework.bpmn"),
        (
            '<bpmn:sendTask id="warn" camunda:type="external" camunda:topic="warning.overdue" />',
            '<bpmn:intermediateCatchEvent id="warn"><bpmn:extensionElements><camunda:properties>'
            '<camunda:property name="milestone" value="warned" /></camunda:properties>'
            "</bpmn:extensionElements><bpmn:timerEventDefinition>"
            "<bpmn:timeDate>${workdays(now(), 1)}</bpmn:timeDate></bpmn:timerEventDefinition>"
            "</bpmn:intermediateCatchEvent>",
        ),
    )
    values = {"unit": "u1", "begun": BEGUN, "limit": 1}
    late = Play(files, "rework", restored, **values)
    late.tick(days=9)
    assert late.milestones() == ["overdue", "warned"]
    punctual = Play(files, "rework", restored, **values)
    first = punctual.step.timers[0].due
    for due in (first, first + timedelta(days=2)):
        punctual.now = due
        punctual.tick()
    found = [one for step in punctual.steps for one in step.milestones]
    assert list(late.step.milestones) == found
    assert found[1].at == first + timedelta(days=2)
    assert late.blob == punctual.blob


def test_a_token_that_is_not_ready_does_not_run(rework):
    waiting = next(token for _, token in rework.state.waiting_timers())
    with pytest.raises(Refused, match="task_gone"):  # the library runs it
        waiting.run()


def test_revising_moves_a_waiting_deadline_and_fires_none(rework):
    rework.readings = EveryDay(shift=2)
    step = rework.revise()
    (timer,) = step.timers
    assert timer.due.isoformat() == "2026-10-03T16:00:00+00:00"
    assert timer.provisional
    assert not step.walked
    rework.readings = EveryDay(shift=-5)
    step = rework.revise()
    assert step.timers[0].due < NOW
    rework.readings = EveryDay()
    assert rework.tick().messages


def test_revising_leaves_durations_alone(restored):
    played = Play(diagram("nested.bpmn"), "nested", restored)
    (before,) = played.step.timers
    played.now += timedelta(minutes=30)
    (after,) = played.revise().timers
    assert after.due == before.due == NOW + timedelta(hours=1)


# --- replay --------------------------------------------------------------------------------


def test_a_replay_from_the_recorded_readings_is_the_same(rework):
    rework.complete("carry_out", outcome="done")
    rework.complete("look_over", verdict="bad")
    rework.tick(days=2)
    then = rework.steps
    now = process.start(
        rework.definitions,
        "rework",
        {"unit": "u1", "begun": BEGUN, "limit": 1},
        NOW,
        replayed(then[0].readings),
    )
    for answers, step in (({"outcome": "done"}, then[1]), ({"verdict": "bad"}, then[2])):
        task = now.tasks[0].id
        now = process.complete(now.state, task, answers, NOW, replayed(step.readings))
    now = process.tick(now.state, NOW + timedelta(days=2), replayed(then[3].readings))
    assert state.digest(now) == rework.digests[3]
    assert now.walked == then[3].walked


def test_a_replay_that_asks_something_else_is_refused(rework):
    readings = replayed(rework.steps[0].readings)
    values = {"unit": "u1", "begun": BEGUN, "limit": 2}
    with pytest.raises(Refused, match="reading") as refused:
        process.start(rework.definitions, "rework", values, NOW, readings)
    assert refused.value.facts["question"] == {"start": BEGUN, "days": 2}


def test_a_replay_that_asks_less_or_decides_otherwise_is_refused(restored):
    files = diagram("choices.bpmn", "limits.dmn")
    values = {"type": "consult", "calls": 1, "what": []}
    played = Play(files, "choices", restored, **values)
    recorded = played.steps[0].readings
    assert [(one.kind, one.answer) for one in recorded] == [
        ("decision", {"rule": "rule_few", "outputs": {"limit": 2}})
    ]
    process.start(played.definitions, "choices", values, NOW, replayed(recorded))
    with pytest.raises(Refused, match="reading"):
        process.start(
            played.definitions, "choices", {**values, "calls": 3}, NOW, replayed(recorded)
        )
    with pytest.raises(Refused, match="reading"):
        process.start(played.definitions, "choices", values, NOW, replayed([*recorded, *recorded]))


def test_the_canonical_form_does_not_show_the_zone_that_now_was_written_in(rework):
    from datetime import UTC

    values = {"unit": "u1", "begun": BEGUN, "limit": 1}
    for now in (NOW, NOW.astimezone(UTC)):
        step = process.start(rework.definitions, "rework", values, now, EveryDay())
        assert state.digest(step) == rework.digests[0]


def test_unknown_processes_are_refused(rework):
    with pytest.raises(Refused, match="process_unknown"):
        process.start(rework.definitions, "nothing", {}, NOW, EveryDay())


def test_a_variable_that_nobody_set_stops_the_step_with_its_name():
    with pytest.raises(Refused, match="expression") as refused:
        Play(diagram("rework.bpmn"), "rework", begun=BEGUN, limit=1)
    assert "unit" in str(refused.value.facts["problem"])


def test_an_output_parameter_sets_a_variable_when_its_element_completes():
    files = changed(
        diagram("rework.bpmn"),
        (
            'camunda:topic="warning.overdue" />',
            'camunda:topic="warning.overdue"><bpmn:extensionElements><camunda:inputOutput>'
            '<camunda:outputParameter name="told">${limit + 1}</camunda:outputParameter>'
            "</camunda:inputOutput></bpmn:extensionElements></bpmn:sendTask>",
        ),
    )
    values = {"unit": "u", "begun": NOW.isoformat(), "limit": 1}
    step = process.start(Definitions.read(files), "rework", values, NOW, EveryDay())
    assert "told" not in step.values
    step = process.tick(step.state, step.timers[0].due, EveryDay())
    assert step.values["told"] == 2


# --- units, rights and who may not ---------------------------------------------------------


def calling(*pairs):
    return changed(diagram("rework.bpmn"), *pairs)


def test_what_is_asked_about_a_unit_is_a_reading_and_replayed(restored):
    asks = ("${workdays(begun, limit)}", "${workdays(begun, 1 if kind_of(unit) == 'town' else 9)}")
    values = {"unit": "north_town", "begun": NOW.isoformat(), "limit": 1}
    played = Play(calling(asks), "rework", restored, **values)
    readings = played.step.readings
    assert [(one.kind, one.element) for one in readings] == [
        ("unit", readings[0].element),
        ("due", readings[0].element),
    ]
    assert readings[0].question == {"unit": "north_town"}
    assert readings[0].answer["superior"] == "north"
    again = process.start(played.definitions, "rework", values, NOW, replayed(readings))
    assert state.digest(again) == played.digests[0]
    assert again.readings == readings
    for recorded in (readings[1:], readings[:1]):
        with pytest.raises(Refused, match="reading"):
            process.start(played.definitions, "rework", values, NOW, replayed(recorded))
    with pytest.raises(Refused, match="reading"):
        process.start(played.definitions, "rework", values, NOW, NoReadings())


def test_a_right_and_who_may_not_do_it_are_told_with_the_task(restored):
    plain = ("rework", restored)
    values = {"unit": "u1", "begun": NOW.isoformat(), "limit": 1}
    before = Play(diagram("rework.bpmn"), *plain, **values)
    (task,) = before.step.tasks
    assert (task.optional, task.other_than) == (False, ())
    assert before.step.timers[0].attached_to == task.element
    assert not {"optional", "other_than"} & set(state.canonical(before.step)["tasks"][0])
    said = (
        '<camunda:property name="article" value="第十三条" />',
        '<camunda:property name="optional" value="true" />'
        '<camunda:property name="other_than" value="look_over, carry_out" />',
    )
    played = Play(calling(said), *plain, **values)
    (task,) = played.step.tasks
    assert (task.optional, task.other_than) == (True, ("look_over", "carry_out"))
    assert state.canonical(played.step)["tasks"][0]["optional"] is True
    assert played.digests != before.digests


def test_a_milestone_tells_its_address(restored):
    played = Play(
        diagram("rework.bpmn"), "rework", restored, unit="u", begun=NOW.isoformat(), limit=1
    )
    played.complete("carry_out")
    assert [one.address for one in played.step.milestones] == ["carry_out#1"]


def test_a_start_event_sets_first_values(restored):
    played = Play(diagram("started.bpmn"), "town", restored, units=["u1"])
    assert played.step.values["urges"] == 0


def test_a_unit_that_must_be_asked_for_is_asked_once_when_the_task_opens(restored):
    asks = ('name="unit" value="${unit}"', 'name="unit" value="${centre_of(unit)}"')
    values = {"unit": "north_town", "begun": NOW.isoformat(), "limit": 1}
    played = Play(calling(asks), "rework", restored, **values)
    assert played.task("carry_out").unit == "centre"
    assert [one.kind for one in played.step.readings] == ["due", "unit"]
    again = process.start(played.definitions, "rework", values, NOW, replayed(played.step.readings))
    assert state.digest(again) == played.digests[0]
    # Neither a later step nor whoever reads the state has to ask again.
    assert "unit" not in [one.kind for one in played.tick(hours=1).readings]
    loaded = state.load(played.definitions, played.blob)
    assert process.open_tasks(loaded)[0].unit == "centre"
    played.complete("carry_out")
    played.complete("look_over", verdict="bad")
    assert "unit" in [one.kind for one in played.step.readings]
